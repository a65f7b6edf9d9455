"""The decision: who may have which field, under which clause, told or not.

The obvious evaluator: nothing is cached, nothing is clever, each function is
one rule of the language page.
"""
import re
from dataclasses import dataclass, replace

import message
import values
from check import selected
from conditions import HIDDEN, Case, Scope, all3, any3, each_instance, \
    holds, place
from force import expand, in_force, members, umbrellas, versions, \
    why_not_in_force
from message import MessageWrong

NAMED = re.compile(r"([^/]*)(?:/([1-9][0-9]*))?\Z")

RELEASE, REDUCE, REFER, WITHHOLD, CONCEAL = range(5)
NAMES = ("release", "reduce", "refer", "withhold", "conceal")
STANDING, ONWARD, NOWHERE = 1000, 2000, 3000     # ranks after all agreements
UNSAID = "a rule refuses it"     # without a `because`


# ---- clauses and rules that apply ------------------------------------------------

class Refused(Exception):
    def __init__(self, reason, clause=None):
        super().__init__(reason)
        self.reason, self.clause = reason, clause


@dataclass
class Applied:
    """One rule in its place: whether and how it may count."""
    rank: tuple
    label: str
    rule: object
    sure: bool               # its clause applies for certain
    only: object             # the clause's (or block's) only when
    gateways: list
    level: int               # index in the chain; STANDING for those


def fits(case, a, c):
    h = case.msg.header
    who_from = expand(case.world, a, c.from_, case.day)
    who_to = expand(case.world, a, c.to, case.day)
    wanted = (
        (h["type"] in [t.text for t in c.share], f"type {h['type']}"),
        (case.sender in who_from, f"sender {case.sender}"),
        (case.recipient in who_to, f"recipient {case.recipient}"),
        (h["purpose"] in [t.text for t in c.purposes],
         f"purpose {h['purpose']}"))
    return [what for ok, what in wanted if not ok]


def label_of(case, a, c):
    """Rule 12: bare in the agreement itself, else with its name."""
    return c.label if a is case.chain[0] else f"{a.id} {c.label}"


def clauses(case):
    """[(level, agreement, clause, sure)]; Refused if a level has none."""
    out = []
    for level, a in enumerate(case.chain):
        misfits = []
        for c in a.clauses:
            miss = fits(case, a, c)
            if not miss:
                only = holds(case, Scope(gateway=c.gateway.text), c.only)
                if only is not False:
                    out.append((level, a, c, only is True))
                miss = ["only when"]
            misfits.append((len(miss), label_of(case, a, c), miss))
        if not any(lv == level and sure for lv, _, _, sure in out):
            near = min(misfits, default=None, key=lambda m: m[0])
            raise Refused(f"no clause of {a.id} applies" + (
                f"; clause {near[1]} does not fit: {', '.join(near[2])}"
                if near else ""))
    return out


def standing(case):
    """Rule 5: of each name the highest version for this vocabulary."""
    uses = case.chain[0].said["uses"][0]
    mine = [s for s in case.world.standings.values() if s.uses == uses]
    return [max((s for s in mine if s.name == n), key=lambda s: s.version)
            for n in sorted({s.name for s in mine})]


def applied_rules(case, found):
    out = []
    for level, a, c, sure in found:
        for i, r in enumerate(c.rules):
            out.append(Applied((level, a.clauses.index(c), i),
                               label_of(case, a, c), r, sure, c.only,
                               [c.gateway.text], level))
    gateways = sorted({c.gateway.text for _, _, c, _ in found})
    for k, s in enumerate(standing(case)):
        for j, b in enumerate(s.blocks):
            for i, r in enumerate(b.rules):
                out.append(Applied((STANDING, k, j, i),
                                   f"{s.name}/{s.version} {b.name}", r,
                                   False, b.only, gateways, STANDING))
    return out


def rule_answer(case, ap, own=None, originator=None):
    """Whether a rule's conditions hold, for any of its gateways."""
    answers = []
    for g in ap.gateways:
        only = holds(case, Scope(gateway=g), ap.only) \
            if ap.level == STANDING else True
        answers.append(all3([only, holds(
            case, Scope(own, g, originator), ap.rule.when)]))
    return any3(answers)


def refusal(case, rules):
    """Rule 10."""
    for ap in rules:
        if ap.rule.action == "refuse" \
                and rule_answer(case, ap) is not False:
            raise Refused(ap.rule.because or UNSAID, ap.label)


# ---- one field -------------------------------------------------------------------

@dataclass
class Closer:
    """Something that decides a field at some level."""
    rank: tuple
    level: int
    label: str = None
    because: str = None
    applied: Applied = None
    how: tuple = None
    to: str = None


@dataclass
class Decision:
    entity: str
    i: int
    name: str
    level: int
    closers: list            # all at that level, first named first
    how: tuple = None
    to: str = None
    value: object = None
    told: bool = True
    inherits: list = None    # the grade decisions it takes its level from

    @property
    def id(self):
        return (self.entity, self.i, self.name)


def onward_closers(case, originator):
    """Rule 29: the clauses a forwarded field may have come under."""
    if originator in (case.sender, case.recipient):
        return []
    found, out = False, []
    n = 0
    for _, a in sorted(case.world.agreements.items()):
        for c in a.clauses:
            if case.msg.header["type"] not in [t.text for t in c.share] \
                    or originator not in expand(case.world, a, c.from_,
                                                case.day) \
                    or case.sender not in expand(case.world, a, c.to,
                                                 case.day):
                continue
            found = True
            level = onward_level(case, a, c.onward)
            n += 1
            if level is not None:
                out.append(Closer((ONWARD, n), level,
                                  label_of(case, a, c),
                                  to=originator if level == REFER else None))
    if not found:
        out.append(Closer((ONWARD, 0), REFER, to=originator))
    return out


def onward_level(case, a, onward):
    if onward is None or onward.how == "refer":
        return REFER
    if onward.how == "withhold":
        return WITHHOLD
    if onward.to is not None and case.recipient not in expand(
            case.world, a, onward.to, case.day):
        return REFER
    if onward.purposes is not None and case.msg.header["purpose"] not in [
            t.text for t in onward.purposes]:
        return REFER
    return None


def field_decision(case, rules, entity, i, name):
    """Rules 7 to 10 for one field of one instance."""
    originator = case.msg.originator(entity, name) or case.sender
    f = case.vocab.entities[entity][name]
    granted, releases, reducing, closers = set(), [], [], []
    for ap in rules:
        r = ap.rule
        sel = selected(case.vocab, r).get((entity, name))
        if sel is None:
            continue
        answer = rule_answer(case, ap, (entity, i), originator)
        if answer is False:
            continue
        if r.action in ("release", "reduce", "mask") and ap.sure and answer \
                and (sel[1] or "sensitive" not in f.classes):
            granted.add(ap.level)
            if r.action == "release":
                releases.append(Closer(ap.rank, RELEASE, ap.label, r.because,
                                       ap))
        if r.action in ("reduce", "mask"):
            reducing.append(Closer(ap.rank, REDUCE, ap.label, r.because, ap,
                                   how=r.how))
        elif r.action in ("refer", "withhold", "conceal"):
            to = originator if r.to == "originator" else r.to
            closers.append(Closer(ap.rank, NAMES.index(r.action), ap.label,
                                  r.because, ap, to=to))
    closers += onward_closers(case, originator)
    value = case.value(entity, i, name)
    how, reduced, reducing = combine(case, reducing, f, value)
    closers += reducing
    if granted != set(range(len(case.chain))):
        closers.append(Closer((NOWHERE,), CONCEAL))
    if not closers:
        closers = releases
    level = max(c.level for c in closers)
    closers = sorted((c for c in closers if c.level == level),
                     key=lambda c: c.rank)
    d = Decision(entity, i, name, level, closers)
    if level == RELEASE:
        d.value = value
    if level == REDUCE:
        d.how, d.value = how, reduced
    if level == REFER:
        d.to = ", ".join(sorted({c.to for c in closers}))
    return d


def combine(case, reducing, field, value):
    """Rule 9: (the winner, the reduced value, its rules at their level)."""
    hows = {c.how for c in reducing}
    winner = next((h for h in hows
                   if all(values.coarser(h, x) for x in hows)), None)
    if winner is None:
        return None, None, [replace(c, level=WITHHOLD) for c in reducing]
    reducing = [c for c in reducing if c.how == winner]
    if not values.takes(field, *winner[:2]):
        return None, None, [replace(c, level=WITHHOLD) for c in reducing]
    if value is None or value is HIDDEN:
        return winner, None, reducing
    if winner[0] == "mask":
        out = values.mask_value(value, winner[1], winner[2])
    else:
        out = values.reduce_value(value, winner[1], winner[2], case.day)
    if out is None:
        return None, None, [replace(c, level=WITHHOLD) for c in reducing]
    return winner, out, reducing


# ---- grades, links and what is told -------------------------------------------------

def grade_of(case, ds, d):
    """Rule 11: the most closed grade fields of a field's instance."""
    grades = [g for g in ds if (g.entity, g.i) == (d.entity, d.i)
              and "grade" in case.vocab.entities[g.entity][g.name].classes]
    top = max((g.level for g in grades), default=RELEASE)
    if top < REFER:
        return []
    return [g for g in grades if g.level == top]


def with_grades(case, ds, blind=()):
    """Each field at its own level or, if that is less closed, its grades'.

    A blind link that its grades conceal, too, is named after them.
    """
    out = []
    for d in ds:
        grades = grade_of(case, ds, d)
        if grades and (d.level < grades[0].level or d.id in blind
                       and grades[0].level == CONCEAL):
            to = sorted({t for g in grades if g.to
                         for t in g.to.split(", ")})
            closers = sorted((c for g in grades for c in g.closers),
                             key=lambda c: c.rank)
            d = Decision(d.entity, d.i, d.name, grades[0].level, closers,
                         to=", ".join(to) or None, inherits=grades)
        else:
            d = replace(d)
        out.append(d)
    return out


def link_blind(case, told, d):
    """Rule 11: a link that names something the reader is told nothing of."""
    if case.vocab.entities[d.entity][d.name].type[0] != "link":
        return False
    return any(end not in told for end in case.msg.values[d.id])


def settle(case, base, hypo):
    """Rules 11, 21, 22: links and telling, until nothing changes."""
    blind, untold = set(), set()
    while True:
        shut = {d.id for d in base if d.id in blind and d.level < CONCEAL}
        raw = [replace(d, level=CONCEAL, closers=[Closer((NOWHERE,),
                                                         CONCEAL)],
                       how=None, to=None, value=None)
               if d.id in shut else d for d in base]
        ds = with_grades(case, raw, shut)
        whole = {d.id for d in ds if d.level == RELEASE}
        told_instances = {(d.entity, d.i) for d in ds
                          if d.id not in untold and d.level < CONCEAL}
        may = Reader(case, whole, told_instances, hypo)
        for d in ds:
            d.told = d.id not in untold and d.level < CONCEAL and (
                d.level < REFER or d.inherits is not None
                or all(may.know_rule(c, d) for c in d.closers))
        for d in ds:
            if d.inherits:
                d.told = d.told and all(
                    x.told for g in d.inherits for x in ds if x.id == g.id)
        now_untold = {d.id for d in ds if not d.told}
        told = {(d.entity, d.i) for d in ds if d.told}
        now_blind = blind | {d.id for d in ds if link_blind(case, told, d)}
        if now_untold == untold and now_blind == blind:
            return ds
        untold, blind = now_untold, now_blind


@dataclass
class Reader:
    """What one reader may know, as things stand (rule 21)."""
    case: Case
    whole: set               # values it sees whole
    told: set                # instances it is told something of
    hypo: object             # would an absent value be released?

    def know_rule(self, closer, d):
        ap = closer.applied
        if ap is None:
            return False
        if ap.rule.openly:
            return True
        if ap.rule.to == "originator":
            return False
        return all(self.know(c, Scope(own, g))
                   for g in ap.gateways
                   for c, own in ((ap.only, None),
                                  (ap.rule.when, (d.entity, d.i))))

    def know(self, c, scope):
        """Whether everything a condition reads is the reader's to have."""
        if c is None:
            return True
        if c.op in ("any", "every"):
            return all(self.know(c.args[0], s)
                       for s in each_instance(self.case, scope, c))
        if c.op in ("or", "and", "not"):
            return all(self.know(a, scope) for a in c.args)
        return all(self.know_operand(o, scope) for o in c.args)

    def know_operand(self, o, scope):
        if o.means[0] == "actor":
            return o.means[1] != "originator"
        if o.means[0] not in ("path", "age", "follow"):
            return True
        f = o.means[1]
        i = place(scope, f.entity)
        if not self.know_value(f.entity, i, f.name):
            return False
        if o.means[0] != "follow":
            return True
        ends = self.case.value(f.entity, i, f.name) or []
        return all(self.know_value(e, j, o.means[2]) for e, j in ends
                   if o.means[2] in self.case.vocab.entities[e])

    def know_value(self, entity, i, name):
        if (entity, i, name) in self.case.msg.values:
            return (entity, i, name) in self.whole
        f = self.case.vocab.entities[entity][name]
        if f.type[0] == "link" and any(
                x[0] in f.type[1] and x not in self.told
                for x in self.case.msg.instances):
            return False
        return self.hypo(entity, i, name)


def would_release(case, entity, i, name):
    """Rule 21: were it there with an unknown value, would it be released?"""
    case = replace(case, hidden=(entity, i, name))
    try:
        rules = applied_rules(case, clauses(case))
        refusal(case, rules)
    except Refused:
        return False
    ids = [k for k in case.msg.values if k[:2] == (entity, i)]
    ds = with_grades(case, [field_decision(case, rules, *k)
                            for k in ids + [(entity, i, name)]])
    return ds[-1].level == RELEASE


# ---- how long ------------------------------------------------------------------------

def destroy_by(case, found):
    """Rule 26."""
    days = [a.said["ends"] for a in case.chain]
    for level, a in enumerate(case.chain):
        mine = [c for lv, _, c, _ in found if lv == level]
        asked = [(r, c.gateway.text) for c in mine
                 for r in c.retains + a.retains]
        days += [values.add_period(case.day, r.count, r.unit)
                 for r, g in asked
                 if holds(case, Scope(gateway=g), r.when) is not False]
    return min(days).isoformat()


# ---- one recipient ----------------------------------------------------------------------

def show(f, v):
    """A value as preview prints it."""
    if v is None:
        return None
    if f.type[0] == "link":
        return [f"{e}/{i}" for e, i in v]
    if f.set:
        return [x if isinstance(x, str) else
                str(x).lower() if isinstance(x, bool) else str(x) for x in v]
    return v


def show_decision(case, d):
    f = case.vocab.entities[d.entity][d.name]
    first = d.closers[0]
    action, to = NAMES[d.level], d.to
    if d.level == REDUCE:
        kind, what, n = d.how
        action = kind
        to = f"keep {what} {n}" if kind == "mask" else \
            f"{what} {n}" if n else what
    return {"path": f"{d.entity}.{d.name}", "instance": d.i,
            "decision": action, "told": d.told, "to": to,
            "clause": first.label, "reason": first.because,
            "value": show(f, d.value) if d.level == RELEASE else d.value}


def field_ids(case):
    """Message order, then the vocabulary's order within an instance."""
    return [(e, i, name) for e, i in case.msg.instances
            for name in case.vocab.entities[e]
            if (e, i, name) in case.msg.values]


def decide(case, a, named_version):
    """The line of one recipient, under the version in force."""
    h = case.msg.header
    if named_version not in (None, a.version):
        raise Refused(f"{a.name}/{named_version} is not in force; "
                      f"{a.id} is")
    if h["purpose"] not in [t.text for t in a.said["purposes"]]:
        raise Refused(f"purpose {h['purpose']} is not covered by {a.id}")
    marks = case.vocab.codes["marking"].codes
    clearance = case.world.partners[case.recipient].clearance.text
    if marks.index(h["marking"]) > marks.index(clearance):
        raise Refused(f"{h['marking']} is above the clearance of "
                      f"{case.recipient}")
    case.chain = umbrellas(case.world, a)
    for up in case.chain[1:]:
        why = why_not_in_force(case.world, up, case.sender, case.recipient,
                               case.day)
        if why:
            raise Refused(why)
    found = clauses(case)
    rules = applied_rules(case, found)
    refusal(case, rules)
    base = [field_decision(case, rules, *k) for k in field_ids(case)]
    memo = {}

    def hypo(*k):
        if k not in memo:
            memo[k] = would_release(case, *k)
        return memo[k]
    ds = settle(case, base, hypo)
    return {"partner": case.recipient, "outcome": "accepted", "clause": None,
            "reason": None, "destroy-by": destroy_by(case, found),
            "fields": [show_decision(case, d) for d in ds]}


# ---- the message ---------------------------------------------------------------------------

def recipients(world, msg, name, sender, day):
    """The partners a message is for, each with what it is read under.

    {partner: (version in force or None, version read under or None, why)}
    """
    all_ = versions(world, name)

    def pair(p):
        a, why = in_force(world, name, sender, p, day)
        return a, a or (all_[-1] if all_ else None), why
    out = {}
    for t in msg.to:
        if not t.startswith("@"):
            if t not in world.partners:
                raise MessageWrong(f"to: unknown recipient '{t}'")
            if t == sender:
                raise MessageWrong("to: the sender itself")
            out[t] = pair(t)
            continue
        known = False
        for p in world.partners:
            if p == sender:
                continue
            read = pair(p)
            if read[1] and t[1:] in read[1].groups:
                known = True
                if p in members(world, read[1], t[1:], day):
                    out[p] = read
        if not known:
            raise MessageWrong(f"to: unknown group '{t}'")
    if not out:
        raise MessageWrong("to: nobody is left to send to")
    return out


def conditions_met(case):
    """Rule 20: required and absent fields; only yes binds."""
    record = case.vocab.records[case.msg.record]
    for e in record:
        n = case.msg.count(e)
        for i in range(n if record[e] == "many" else 1):
            for f in case.vocab.entities[e].values():
                there = (e, i, f.name) in case.msg.values
                scope = Scope(own=(e, i))
                if not there and f.required and (
                        f.required is True
                        or holds(case, scope, f.required) is True):
                    raise MessageWrong(f"{e}.{f.name}: required")
                if there and f.absent \
                        and holds(case, scope, f.absent) is True:
                    raise MessageWrong(f"{e}.{f.name}: must be absent")


def preview(world, data, sender, at):
    """(exit code, what is printed): rule 31.

    data: the message's bytes; at: an instant of values.parse_time.
    """
    if world.errors:
        return 2, world.errors
    try:
        return preview_message(world, data, sender, at)
    except MessageWrong as w:
        return 2, [str(w)]


def preview_message(world, data, sender, at):
    doc = message.parse_json(data)
    if sender not in world.partners:
        raise MessageWrong(f"unknown sender '{sender}'")
    msg = message.read_header(doc, world)
    day = values.london_day(at)
    m = NAMED.match(msg.header["agreement"])
    name = m[1] if m else msg.header["agreement"]
    wanted = int(m[2]) if m and m[2] else None
    to = recipients(world, msg, name, sender, day)
    uses = {read.said["uses"][0] for _, read, _ in to.values() if read}
    if len(uses) > 1:
        raise MessageWrong("its recipients are under several vocabularies")
    vocab = world.vocabularies[uses.pop()] if uses else None
    if vocab:
        message.read_body(msg, doc, world, vocab)
        for p in to:
            conditions_met(Case(world, vocab, msg, sender, p, day))
    lines = []
    for p, (a, _, why) in to.items():
        try:
            if a is None:
                raise Refused(why)
            lines.append(decide(Case(world, vocab, msg, sender, p, day), a,
                                wanted))
        except Refused as r:
            lines.append({"partner": p, "outcome": "refused",
                          "clause": r.clause, "reason": r.reason,
                          "destroy-by": None})
    ok = any(x["outcome"] == "accepted" for x in lines)
    return 0 if ok else 1, {"recipients": lines}
