/*
 * Kleene's tables (rule 13), lifted to sets: NO < CANNOT < YES, `and` is the
 * lower of two, `or` the higher, `not` turns the order round.
 */

#include "policy/decide.h"

unsigned truth_not(unsigned a)
{
	return (a & TRUTH_NO ? TRUTH_YES : 0) | (a & TRUTH_CANNOT) |
	       (a & TRUTH_YES ? TRUTH_NO : 0);
}

unsigned truth_and(unsigned a, unsigned b)
{
	unsigned no = (a | b) & TRUTH_NO, yes = a & b & TRUTH_YES;
	unsigned above = TRUTH_CANNOT | TRUTH_YES;
	bool cannot =
	    (a & TRUTH_CANNOT && b & above) || (b & TRUTH_CANNOT && a & above);

	return no | yes | (cannot ? TRUTH_CANNOT : 0);
}

unsigned truth_or(unsigned a, unsigned b)
{
	return truth_not(truth_and(truth_not(a), truth_not(b)));
}
