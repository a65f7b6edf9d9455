#ifndef TESTS_BENCH_REPORT_H
#define TESTS_BENCH_REPORT_H

/* The bench message: a 3x5x2 intelligence report of 54 fields and about 1.4 KB,
 * as a force sends it to local partners under the example agreement. A list has
 * commas. */

#define BENCH_TYPE "intelligence-report"
#define BENCH_FROM "warwickshire-police"
#define BENCH_TO "rugby-council"
#define BENCH_AGREEMENT "warwickshire-socjag"
#define BENCH_PURPOSE "prevent"
#define BENCH_MARKING "OFFICIAL-SENSITIVE"
#define BENCH_AT "2026-11-16T10:00:00Z"

struct bench_field {
	const char *path;
	unsigned instance;
	const char *value;
};

static const struct bench_field bench_fields[] = {
	{ "report.reference", 0, "IR/004417/26" },
	{ "report.title", 0, "Rooms taken over above the launderette" },
	{ "report.dated", 0, "2026-11-15" },
	{ "report.threat-area", 0, "county-lines" },
	{ "report.confidence", 0, "medium" },
	{ "report.immunity", 0, "no" },
	{ "report.contact", 0, "Force intelligence bureau" },
	{ "report.caveat", 0, "For intelligence use only" },
	{ "item.text", 0,
	    "Two young men from Coventry have moved into the flat and the "
	    "tenant now sleeps in the kitchen. Callers stay for a minute, at "
	    "all hours, and leave by the yard." },
	{ "item.nature", 0, "fact" },
	{ "item.source", 0, "2" },
	{ "item.assessment", 0, "B" },
	{ "item.handling", 0, "P" },
	{ "item.about", 0, "subject/0,address/0" },
	{ "item.text", 1,
	    "A grey Vauxhall Astra brings a boy of about fifteen on Fridays "
	    "and fetches him on Mondays; the driver waits with the engine "
	    "running." },
	{ "item.nature", 1, "fact" },
	{ "item.source", 1, "1" },
	{ "item.assessment", 1, "A" },
	{ "item.handling", 1, "P" },
	{ "item.about", 1, "subject/1,vehicle/0" },
	{ "item.text", 2,
	    "The older of the two is said to keep a second telephone for the "
	    "line, which he changes every fortnight." },
	{ "item.nature", 2, "opinion" },
	{ "item.source", 2, "2" },
	{ "item.assessment", 2, "C" },
	{ "item.handling", 2, "C" },
	{ "item.action", 2, "A1" },
	{ "item.sanitisation", 2, "S1" },
	{ "item.about", 2, "subject/2,phone/0" },
	{ "subject.name", 0, "Alan Tebbutt" },
	{ "subject.born", 0, "1961-07-30" },
	{ "subject.role", 0, "at-risk" },
	{ "subject.postcode", 0, "CV21 3AB" },
	{ "subject.occupation", 0, "Retired" },
	{ "subject.name", 1, "Callum Frayne" },
	{ "subject.born", 1, "2001-02-03" },
	{ "subject.role", 1, "suspect" },
	{ "subject.postcode", 1, "CV1 5FB" },
	{ "subject.occupation", 1, "Courier" },
	{ "subject.name", 2, "Deon Marsh" },
	{ "subject.born", 2, "1998-12-12" },
	{ "subject.role", 2, "suspect" },
	{ "subject.postcode", 2, "CV2 4ED" },
	{ "subject.occupation", 2, "None known" },
	{ "vehicle.plate", 0, "BX19ZZZ" },
	{ "vehicle.make", 0, "Vauxhall Astra" },
	{ "vehicle.colour", 0, "grey" },
	{ "vehicle.keeper", 0, "subject/1" },
	{ "phone.number", 0, "07700 900123" },
	{ "phone.network", 0, "three" },
	{ "phone.user", 0, "subject/2" },
	{ "address.line", 0, "14A Drover's Row" },
	{ "address.town", 0, "Rugby" },
	{ "address.postcode", 0, "CV21 3AB" },
	{ "address.occupant", 0, "subject/0" },
};

#endif
