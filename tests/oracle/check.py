"""What a text that parses may still not say.

Every name is looked up here, every operand of a condition is given its
meaning (Operand.means), and every error the language page makes of an
agreement, a vocabulary or standing rules is found before anything is decided.
"""
import itertools
import re
from dataclasses import dataclass, replace

import values
from trees import Fault
from values import Wrong

HEADER_TYPES = {
    "type": ("code", "(type)"), "agreement": ("code", "(agreement)"),
    "purpose": ("code", "purpose"), "marking": ("code", "marking"),
    "sent": ("date",), "priority": ("code", "(priority)"),
    "handling-instruction": ("text",), "embargo-until": ("time",),
    "expires": ("time",), "gateway": ("code", "gateway")}
ACTOR_TYPES = {"name": ("party",), "kind": ("code", "kind"),
               "clearance": ("code", "marking")}
COVERAGE_ATOMS = 14


@dataclass
class Ctx:
    """Where a condition stands, and so what it may speak of."""
    world: object
    vocab: object
    own: str = None          # the entity decided
    this: bool = False
    originator: bool = False
    gateway: bool = True
    quantified: list = None  # in any or every: the entities so far


def check_world(world):
    c = Checker(world)
    for v in world.vocabularies.values():
        c.vocabulary(v)
    for p in world.partners.values():
        c.partner(p)
    for s in world.standings.values():
        c.standing(s)
    for a in world.agreements.values():
        c.agreement(a)
    for n in world.notices:
        c.notice(n)


def selected(vocab, rule):
    """The fields a rule decides: {Field id: (Field, named outright)}.

    Rule 8: only a field named outright, or by `all sensitive`, may be granted
    when it is sensitive.
    """
    out = {}
    for item in rule.items:
        for f in item_fields(vocab, item):
            outright = item.how == "field" or item.cls == "sensitive"
            was = out.get((f.entity, f.name), (f, False))[1]
            out[f.entity, f.name] = (f, was or outright)
    return out


def item_fields(vocab, item):
    return [f for ename, fields in vocab.entities.items()
            for f in fields.values()
            if item.entity in (None, ename)
            and (item.how != "field" or item.field == f.name)
            and (item.how != "class" or item.cls in f.classes)]


class Checker:
    def __init__(self, world):
        self.world = world

    def err(self, at, text):
        self.world.errors.append(str(Fault(at, text)))

    def guard(self, what, *args):
        """Run one check; its error does not stop the others."""
        try:
            what(*args)
        except Fault as f:
            self.world.errors.append(str(f))
        except KeyError:
            # it leans on something that is itself an error already
            if not self.world.errors:
                raise

    # -- vocabulary and partners

    def vocabulary(self, v):
        for name in ("kind", "purpose", "gateway", "marking"):
            if name not in v.codes:
                self.err(v.at, f"a vocabulary needs codes '{name}'")
        if "marking" in v.codes and not v.codes["marking"].ordered:
            self.err(v.codes["marking"].at, "codes 'marking' must be ordered")
        for fields in v.entities.values():
            for f in fields.values():
                self.guard(self.field, v, f)

    def field(self, v, f):
        if f.type[0] == "code" and f.type[1] not in v.codes:
            raise Fault(f.at, f"no code list '{f.type[1]}'")
        if f.type[0] == "link":
            for e in f.type[1]:
                if e not in v.entities:
                    raise Fault(f.at, f"no entity '{e}'")
            if f.set:
                raise Fault(f.at, "a link is never a set")
        if {"kind", "purpose", "gateway", "marking"} - set(v.codes):
            return
        ctx = Ctx(self.world, v, own=f.entity, gateway=False)
        for c in (f.required, f.absent):
            if c is not None and c is not True:
                self.cond(c, ctx)

    def partner(self, p):
        vs = self.world.vocabularies.values()
        for tok, name in ((p.kind, "kind"), (p.clearance, "marking")):
            if not any(name in v.codes and tok.text in v.codes[name].codes
                       for v in vs):
                self.err(tok.at, f"no {name} '{tok.text}'")

    def known(self, tok, vocab, listname):
        if tok.text not in vocab.codes[listname].codes:
            self.err(tok.at, f"no code '{tok.text}' in {listname}")

    def is_partner(self, tok):
        if tok.text not in self.world.partners:
            self.err(tok.at, f"no partner '{tok.text}'")

    # -- standing rules

    def standing(self, s):
        v = self.usable(s.uses, s.at)
        if v is None:
            return
        ctx = Ctx(self.world, v)
        for b in s.blocks:
            if b.only:
                self.guard(self.cond, b.only, ctx)
            for r in b.rules:
                if r.action == "release":
                    self.err(r.at, "a standing rule may not release")
                self.guard(self.rule, r, ctx)

    def usable(self, uses, at):
        v = self.world.vocabularies.get(uses)
        if v is None:
            self.err(at, f"no vocabulary {uses[0]}/{uses[1]}")
            return None
        if {"kind", "purpose", "gateway", "marking"} - set(v.codes):
            return None
        return v

    # -- agreements

    def agreement(self, a):
        for s in ("uses", "parties", "purposes", "starts", "ends"):
            if s not in a.said:
                self.err(a.at, f"agreement {a.id} needs '{s}'")
        if "uses" not in a.said:
            return
        uses, at = a.said["uses"]
        v = self.usable(uses, at)
        if v is None:
            return
        if "starts" in a.said and "ends" in a.said \
                and a.said["ends"] < a.said["starts"]:
            self.err(a.at, "it ends before it starts")
        for tok in a.said.get("parties", []):
            self.party(tok, v)
        for tok in a.said.get("purposes", []):
            self.known(tok, v, "purpose")
        for who, kind, clearance in a.identities:
            self.is_partner(who)
            self.known(kind, v, "kind")
            self.known(clearance, v, "marking")
        self.umbrella(a, uses)
        self.standing_versions(a, uses)
        ctx = Ctx(self.world, v)
        for r in a.retains:
            if r.when:
                self.guard(self.cond, r.when, ctx)
        for g in a.groups.values():
            if g.name in self.world.partners:
                self.err(g.at, f"a partner is named '{g.name}' too")
            for tok in [g.chair] + g.members:
                self.is_partner(tok)
        for c in a.clauses:
            self.clause(a, c, ctx)

    def party(self, tok, v):
        p = self.world.partners.get(tok.text)
        if p is None:
            self.err(tok.at, f"no partner '{tok.text}'")
            return
        for code, name in ((p.kind, "kind"), (p.clearance, "marking")):
            if code.text not in v.codes[name].codes:
                self.err(tok.at, f"the {name} of {p.name} is not in "
                         f"{v.name}/{v.version}")

    def umbrella(self, a, uses):
        seen, at_a = [(a.name, a.version)], a
        while "under" in at_a.said:
            under, at = at_a.said["under"]
            if under in seen:
                self.err(a.said["under"][1], "an umbrella over itself")
                return
            seen.append(under)
            at_a = self.world.agreements.get(under)
            if at_a is None:
                if len(seen) == 2:
                    self.err(at, f"no agreement {under[0]}/{under[1]}")
                return
            if at_a.said.get("uses", (uses,))[0] != uses:
                self.err(a.said["under"][1],
                         "the umbrella uses another vocabulary")
                return

    def standing_versions(self, a, uses):
        """Rule 5: law does not fall away by bumping a number."""
        all_ = self.world.standings.values()
        names = {s.name for s in all_ if s.uses[0] == uses[0]}
        for name in sorted(names - {s.name for s in all_ if s.uses == uses}):
            self.err(a.at, f"standing rules {name} have no version for "
                     f"{uses[0]}/{uses[1]}")

    def clause(self, a, c, ctx):
        v = ctx.vocab
        parties = {t.text for t in a.said.get("parties", [])}
        purposes = {t.text for t in a.said.get("purposes", [])}
        for tok in c.share:
            if tok.text not in v.records:
                self.err(tok.at, f"no record '{tok.text}'")
        for tok in c.from_ + c.to:
            if tok.text not in a.groups and tok.text not in parties:
                self.err(tok.at, f"'{tok.text}' is no party or group")
        for tok in c.purposes:
            self.known(tok, v, "purpose")
            if tok.text not in purposes:
                self.err(tok.at, f"'{tok.text}' is no purpose of {a.id}")
        self.known(c.gateway, v, "gateway")
        if c.only:
            self.guard(self.cond, c.only, ctx)
        for r in c.retains:
            if r.when:
                self.guard(self.cond, r.when, ctx)
        for tok in (c.onward.to or []) if c.onward else []:
            if tok.text not in a.groups:
                self.is_partner(tok)
        for tok in (c.onward.purposes or []) if c.onward else []:
            self.known(tok, v, "purpose")
        if not self.world.errors:
            self.coverage(a, c)
        for r in c.rules:
            self.guard(self.rule, r, ctx)

    def coverage(self, a, c):
        """Rule 26: some period always holds, read as propositions."""
        retains = c.retains + a.retains
        if any(r.when is None for r in retains):
            return
        trees = [proposition(r.when) for r in retains]
        atoms = sorted(set().union(*(atoms_of(t) for t in trees)))
        if trees and len(atoms) <= COVERAGE_ATOMS and all(
                any(holds(t, dict(zip(atoms, bits))) for t in trees)
                for bits in itertools.product((False, True),
                                              repeat=len(atoms))):
            return
        self.err(c.at, f"clause {c.label} may be left without a retain")

    # -- rules

    def rule(self, r, ctx):
        v = ctx.vocab
        for item in r.items:
            if item.entity and item.entity not in v.entities:
                raise Fault(item.at, f"no entity '{item.entity}'")
            if item.field and item.field not in v.entities[item.entity]:
                raise Fault(item.at,
                            f"no field '{item.entity}.{item.field}'")
            if item.cls and item.cls not in v.classes + ["sensitive",
                                                         "grade"]:
                raise Fault(item.at, f"no class '{item.cls}'")
        fields = [f for f, _ in selected(v, r).values()]
        if r.how:
            self.how(r, v)
        if r.to and r.to != "originator" and r.to not in self.world.partners:
            raise Fault(r.at, f"no partner '{r.to}'")
        if r.when is None:
            return
        if r.action == "refuse":
            self.cond(r.when, ctx)
        for e in dict.fromkeys(f.entity for f in fields):
            # rule 17: conditions that each of them can resolve
            self.cond(r.when, replace(ctx, own=e, this=True,
                                      originator=True))

    def how(self, r, vocab):
        kind, name, n = r.how
        if kind == "reduce":
            if name not in values.REDUCERS:
                raise Fault(r.at, f"no reducer '{name}'")
            if (n is not None) != (name == "band"):
                raise Fault(r.at, "band takes a number, others none")
        for item in r.items:
            fields = item_fields(vocab, item)
            if fields and not any(values.takes(f, kind, name)
                                  for f in fields):
                raise Fault(item.at, f"{kind} suits nothing that is selected")

    # -- notices

    def notice(self, n):
        if n.by not in self.world.partners:
            self.err(n.at, f"no partner '{n.by}'")
        if n.names is not None:
            for tok in n.names:
                self.is_partner(tok)
            if not any(n.what in a.groups
                       and a.groups[n.what].chair.text == n.by
                       for a in self.world.agreements.values()):
                self.err(n.at, f"{n.by} chairs no group '{n.what}'")
            return
        a = self.world.agreements.get(n.what)
        if a is None:
            self.err(n.at, f"no agreement {n.what[0]}/{n.what[1]}")
        elif n.by not in [t.text for t in a.said.get("parties", [])]:
            self.err(n.at, f"{n.by} is no party of {a.id}")

    # -- conditions

    def cond(self, c, ctx):
        if c.op in ("or", "and", "not"):
            for a in c.args:
                self.cond(a, ctx)
        elif c.op in ("any", "every"):
            if ctx.quantified is not None:
                raise Fault(c.at, "quantifiers are not nested")
            inner = replace(ctx, quantified=[])
            self.cond(c.args[0], inner)
            if not any(ctx.vocab.many(e) for e in inner.quantified) \
                    and len(inner.quantified) != 1:
                raise Fault(c.at, f"'{c.op}' needs one entity")
        elif c.op == "is":
            t, _ = self.subject(c.args[0], ctx)
            if t is None or c.args[0].means[0] == "age":
                raise Fault(c.at, "'is' takes a path or a header key")
        elif c.op == "has":
            self.has(c, ctx)
        elif c.op == "in":
            t = self.scalar(c.args[0], ctx)
            for o in c.args[1:]:
                self.right(o, t, ctx)
        else:
            self.compare(c, ctx)

    def has(self, c, ctx):
        left, right = c.args
        t, is_set = self.subject(left, ctx)
        if t is not None and t[0] == "link":
            if left.means[0] == "follow":
                raise Fault(left.at, "links are followed one deep, away "
                            "from the instance decided")
            if right.kind != "word" or right.text != "this":
                raise Fault(right.at, "a link takes only 'has this'")
            if not ctx.this:
                raise Fault(right.at, "'this' stands only in a field rule")
            if ctx.own not in t[1]:
                raise Fault(right.at, f"{left.text} never names {ctx.own}")
            right.means = ("this",)
            return
        if not is_set:
            raise Fault(c.at, "'has' takes a set or a link")
        self.right(right, t, ctx)

    def compare(self, c, ctx):
        left, right = c.args
        t, is_set = self.subject(left, ctx)
        if t is None:
            t = self.scalar(right, ctx)
            self.right(left, t, ctx)
        else:
            self.scalar(left, ctx)
            self.right(right, t, ctx)
        if c.how in ("<", "<=", ">", ">=") \
                and not values.ordered(t, ctx.vocab):
            raise Fault(c.at, f"'{c.how}' takes only what is ordered")

    def scalar(self, o, ctx):
        """The type of an operand that must be a path, key or age."""
        t, is_set = self.subject(o, ctx)
        if t is None:
            raise Fault(o.at, f"'{o.text}' is a value where a path is needed")
        if is_set or t[0] == "link":
            raise Fault(o.at, f"{o.text} takes only 'has' and 'is'")
        return t

    def subject(self, o, ctx):
        """(type, is set) of an operand; (None, False) for a bare value."""
        if o.kind == "string" or re.match(r"[0-9-]", o.text) \
                and o.kind == "word":
            return None, False
        if o.kind == "age":
            f = self.path(o, o.text.split("."), ctx)
            if f.type != ("date",) or f.set:
                raise Fault(o.at, f"age() takes a date, not {o.text}")
            o.means = ("age", f)
            return ("integer",), False
        if "." in o.text:
            return self.dotted(o, o.text.split("."), ctx)
        if o.text in HEADER_TYPES:
            return self.header(o, ctx), False
        raise Fault(o.at, f"no header key '{o.text}'")

    def header(self, o, ctx):
        if o.text == "gateway" and not ctx.gateway:
            raise Fault(o.at, "there is no gateway here")
        o.means = ("header", o.text)
        return HEADER_TYPES[o.text]

    def dotted(self, o, parts, ctx):
        if parts[0] in ("sender", "recipient", "originator"):
            if len(parts) != 2 or parts[1] not in ACTOR_TYPES:
                raise Fault(o.at, f"no '{o.text}'")
            if parts[0] == "originator" and not ctx.originator:
                raise Fault(o.at,
                            "'originator' stands only in a field rule")
            o.means = ("actor", parts[0], parts[1])
            return ACTOR_TYPES[parts[1]], False
        if len(parts) == 2:
            f = self.path(o, parts, ctx)
            o.means = ("path", f)
            return f.type, f.set
        if len(parts) != 3:
            raise Fault(o.at, "one link deep")
        return self.follow(o, parts, ctx)

    def path(self, o, parts, ctx):
        entity, name = parts
        f = ctx.vocab.entities.get(entity, {}).get(name)
        if f is None:
            raise Fault(o.at, f"no field '{entity}.{name}'")
        many = ctx.vocab.many(entity)
        if ctx.quantified is not None:
            if many and any(e != entity and ctx.vocab.many(e)
                            for e in ctx.quantified):
                raise Fault(o.at, "one entity for each any or every")
            if entity not in ctx.quantified:
                ctx.quantified.append(entity)
        elif many and entity != ctx.own:
            raise Fault(o.at, f"'{entity}' is many: say any or every")
        return f

    def follow(self, o, parts, ctx):
        """Rule 17: ITEM.LINK.FIELD, from the instance decided only."""
        if ctx.quantified is not None or parts[0] != ctx.own:
            raise Fault(o.at, "a link is followed only from the instance "
                        "decided")
        f = self.path(o, parts[:2], ctx)
        if f.type[0] != "link":
            raise Fault(o.at, f"{parts[0]}.{parts[1]} is no link")
        ends = [ctx.vocab.entities[e][parts[2]] for e in f.type[1]
                if parts[2] in ctx.vocab.entities[e]]
        if not ends:
            raise Fault(o.at, f"nothing it links to has '{parts[2]}'")
        if len({(e.type, e.set) for e in ends}) > 1:
            raise Fault(o.at, f"'{parts[2]}' is of several types")
        o.means = ("follow", f, parts[2])
        return ends[0].type, ends[0].set

    def right(self, o, t, ctx):
        """An operand that is to be compared with one of type t."""
        value = o.kind == "string" or o.kind == "word" \
            and re.match(r"[0-9-]", o.text)
        if not value and o.kind == "word" and "." not in o.text:
            value = t[0] in ("code", "party", "flag") \
                and self.literal(o, t, ctx, must=False)
            if not value and o.text not in HEADER_TYPES:
                raise Fault(o.at, f"'{o.text}' is no value of {t[-1]}, nor "
                            "a header key")
        if value:
            self.literal(o, t, ctx)
        elif self.scalar(o, ctx) != t:
            raise Fault(o.at, f"'{o.text}' is of another type")

    def literal(self, o, t, ctx, must=True):
        try:
            o.means = ("value", values.from_text(t, o.text, self.world,
                                                 ctx.vocab))
            return True
        except Wrong as w:
            if must:
                raise Fault(o.at, str(w))
            return False


# ---- rule 26: conditions as propositions ------------------------------------

def proposition(c):
    """A condition as ("or"|"and"|"not", ...) over ("atom", key)."""
    if c.op in ("or", "and", "not"):
        return (c.op, *(proposition(a) for a in c.args))
    if c.op in ("any", "every"):
        return ("atom", f"{c.op} {proposition(c.args[0])}")
    if c.op == "is":
        p = ("atom", f"{meaning(c.args[0])} present")
        return p if c.how == "present" else ("not", p)
    if c.op == "in":
        return ("or", *(atom("=", c.args[0], o) for o in c.args[1:]))
    if c.op == "has":
        return atom("has", *c.args)
    negated = {"!=": "=", ">=": "<", ">": "<="}
    if c.how in negated:
        return ("not", atom(negated[c.how], *c.args))
    return atom(c.how, *c.args)


def atom(op, left, right):
    return ("atom", f"{meaning(left)} {op} {meaning(right)}")


def meaning(o):
    kind, *rest = o.means
    return str((kind, *(f"{x.entity}.{x.name}" if hasattr(x, "entity") else x
                        for x in rest)))


def atoms_of(t):
    return {t[1]} if t[0] == "atom" else set().union(*map(atoms_of, t[1:]))


def holds(t, truth):
    if t[0] == "atom":
        return truth[t[1]]
    if t[0] == "not":
        return not holds(t[1], truth)
    return (any if t[0] == "or" else all)(holds(x, truth) for x in t[1:])
