"""Conditions: yes, no, or cannot tell (rules 13 to 20).

An answer is True, False or None (cannot be told).  A value is what values.py
made of it, None if absent, or HIDDEN if it is there but unknown, which is how
rule 21 asks about absent values.
"""
import itertools
from dataclasses import dataclass, field, replace

import values
from check import ACTOR_TYPES, HEADER_TYPES

HIDDEN = object()


# ---- Kleene's tables (rule 13) ------------------------------------------------

def all3(xs):
    xs = list(xs)
    return False if False in xs else None if None in xs else True


def any3(xs):
    xs = list(xs)
    return True if True in xs else None if None in xs else False


def not3(x):
    return None if x is None else not x


# ---- conditions ------------------------------------------------------------------

@dataclass
class Case:
    """One message for one recipient."""
    world: object
    vocab: object
    msg: object
    sender: str
    recipient: str
    day: object
    chain: list = None            # the agreement and its umbrellas
    hidden: tuple = None          # rule 21: a value taken as there, unknown

    def value(self, entity, i, name):
        if (entity, i, name) == self.hidden:
            return HIDDEN
        return self.msg.values.get((entity, i, name))


@dataclass
class Scope:
    """Where a condition is asked."""
    own: tuple = None             # (entity, instance) decided
    gateway: str = None
    originator: str = None
    bound: dict = field(default_factory=dict)


def place(scope, entity):
    """The instance a path means: the quantifier's, the decided, or the one."""
    if entity in scope.bound:
        return scope.bound[entity]
    return scope.own[1] if scope.own and scope.own[0] == entity else 0


def holds(case, scope, c):
    """The answer of a condition."""
    if c is None:
        return True
    if c.op == "or":
        return any3(holds(case, scope, a) for a in c.args)
    if c.op == "and":
        return all3(holds(case, scope, a) for a in c.args)
    if c.op == "not":
        return not3(holds(case, scope, c.args[0]))
    if c.op in ("any", "every"):
        answers = [holds(case, s, c.args[0])
                   for s in each_instance(case, scope, c)]
        if c.op == "any":
            return any3(answers)
        return all3(answers) if answers else None
    return prim(case, scope, c)


def each_instance(case, scope, c):
    """Rule 18: a scope for each instance of the quantified entity."""
    entity = next((f.entity for f in fields_of(c)
                   if case.vocab.many(f.entity)), None)
    if entity is None:
        return [scope]
    n = case.msg.count(entity)
    return [replace(scope, bound={entity: i}) for i in range(n)]


def operands(c):
    if c.op in ("or", "and", "not", "any", "every"):
        return [o for a in c.args for o in operands(a)]
    return c.args


def fields_of(c):
    return [o.means[1] for o in operands(c)
            if o.means[0] in ("path", "age", "follow")]


def prim(case, scope, c):
    """One comparison; through a link, all linked must answer alike."""
    links = {}
    for o in c.args:
        if o.means[0] == "follow":
            f = o.means[1]
            v = case.value(f.entity, place(scope, f.entity), f.name)
            if v is HIDDEN:
                return None
            links[f.name] = v or [None]
    answers = []
    for ends in itertools.product(*links.values()):
        answers.append(one_answer(case, scope, c, dict(zip(links, ends))))
    return answers[0] if len(set(answers)) == 1 else None


def one_answer(case, scope, c, ends):
    vals = [operand(case, scope, o, ends) for o in c.args]
    if c.op == "is":
        return (vals[0][1] is not None) == (c.how == "present")
    if c.op == "has" and c.args[1].means == ("this",):
        v = vals[0][1]
        return None if v is None or v is HIDDEN else scope.own in v
    typ = next((t for t, _ in vals if t), None)
    if c.op == "has":
        return has(case, typ, vals[0][1], vals[1][1])
    if c.op == "in":
        return any3(compare(case, typ, "=", vals[0][1], v)
                    for _, v in vals[1:])
    return compare(case, typ, c.how, vals[0][1], vals[1][1])


def has(case, typ, members_, v):
    if any(x is None or x is HIDDEN for x in (members_, v)):
        return None
    key = [values.key(typ, x, case.world, case.vocab) for x in members_]
    return values.key(typ, v, case.world, case.vocab) in key


def compare(case, typ, op, a, b):
    if any(x is None or x is HIDDEN for x in (a, b)):
        return None
    a = values.key(typ, a, case.world, case.vocab)
    b = values.key(typ, b, case.world, case.vocab)
    return {"=": a == b, "!=": a != b}[op] if op in ("=", "!=") else \
        {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]


def operand(case, scope, o, ends):
    """(type, value) of an operand; the type is None for a bare value."""
    kind, *rest = o.means
    if kind == "value":
        return None, rest[0]
    if kind == "this":
        return None, scope.own
    if kind == "header":
        return header(case, scope, rest[0])
    if kind == "actor":
        return actor(case, scope, *rest)
    f = rest[0]
    if kind == "follow":
        end = ends[f.name]
        typ = next(t[rest[1]].type for t in
                   (case.vocab.entities[e] for e in f.type[1])
                   if rest[1] in t)
        return typ, case.value(*end, rest[1]) if end else None
    v = case.value(f.entity, place(scope, f.entity), f.name)
    if kind == "path":
        return f.type, v
    if v is not None and v is not HIDDEN:
        v = values.age(values.parse_date(v), case.day)
    return ("integer",), v


def header(case, scope, key):
    h = case.msg.header
    v = {"sent": case.day.isoformat(), "gateway": scope.gateway,
         "agreement": h["agreement"].partition("/")[0]}.get(key, h.get(key))
    return HEADER_TYPES[key], v


def actor(case, scope, who, attr):
    name = {"sender": case.sender, "recipient": case.recipient,
            "originator": scope.originator}[who]
    p = case.world.partners[name]
    typ = ACTOR_TYPES[attr]
    v = {"name": name, "kind": p.kind.text,
         "clearance": p.clearance.text}[attr]
    if typ[0] == "code" and v not in case.vocab.codes[typ[1]].codes:
        v = None
    return typ, v
