#!/usr/bin/env python3
"""Random cases for the agreement language: a folder, and messages in it.

A seed fixes everything.  Texts are printed with small pieces on lines of their
own, because the shrinker of compare.py works by leaving lines out.  Most
texts are meant to check; run this file to see how often each action, outcome
and exit code is reached.
"""
import argparse
import collections
import json
import random

MANY_MESSAGES = 12
PARTNERS = ("alder", "birch", "cedar", "dogwood", "elder")
KINDS = ("police", "council", "revenue")
PURPOSES = ("prevent", "pursue", "protect")
GATEWAYS = ("act-s115", "common-law")
MARKINGS = ("LOW", "MIDDLE", "HIGH")
LISTS = {"role": ("suspect", "victim", "witness"), "letter": ("P", "C"),
         "score": ("1", "2", "3"), "rank": ("minor", "major", "grave")}
ORDERED_LISTS = ("rank", "score")
CODES = {**LISTS, "kind": KINDS, "purpose": PURPOSES, "gateway": GATEWAYS,
         "marking": MARKINGS}
REDUCERS = {"date": ("month", "year", "age-band"),
            "postcode": ("sector", "district", "area"),
            "text": ("initials",), "integer": ("band",),
            "decimal": ("band",)}
MASKABLE = ("text", "postcode", "phone", "plate", "reference")
POOL = {
    "text": ("Ann Smith", "Bo", "ann-marie o'neil 4", "Zo\u00eb Stone",
             "12 34", "x", "Li Wei Chen"),
    "narrative": ("seen at the corner", "two lines\nof it", "x"),
    "integer": (0, 1, 7, 17, 18, 250, 12345, -1, -250),
    "decimal": ("0", "1.5", "12345.67", "-250.5", "18", "1.50", "-0.5"),
    "date": ("1990-02-03", "2008-02-29", "2008-06-15", "2026-06-15",
             "1950-12-31", "2027-01-01"),
    "time": ("2026-06-15T12:00:00Z", "2026-06-15T13:00:00+01:00",
             "2025-01-01T00:00:00.5Z"),
    "postcode": ("CV21 3AB", "cv21 3ab", "M11AE", "SW1A 1AA", "B33 8TH"),
    "phone": ("07700 900123", "+44 1926 555-010", "999"),
    "plate": ("AB12 CDE", "ab12cde", "X1"),
    "reference": ("OP/2026/17", "R-1", "77")}
WORDS = {"date": ("1990-02-03", "2008-06-15", "2026-06-15"),
         "integer": ("0", "7", "17", "18", "250", "-250"),
         "decimal": ("1.5", "18", "-250.5", "0")}
DAYS = ("2026-01-01", "2026-03-29", "2026-06-15", "2026-06-16", "2026-10-25",
        "2027-02-28", "2027-06-15")
TIMES = ("2026-06-15T12:00:00Z", "2026-06-15T22:59:59Z",
         "2026-06-15T23:30:00Z", "2026-06-16T09:00:00+01:00",
         "2026-12-31T23:59:59Z", "2027-03-01T10:00:00Z")
HOSTILE = (None, "", "a\u0000b", "\u202eabc", "e\u0301cole", 1.5, 10**30,
           -2**63, 2**63 - 1, True, [], {}, [[]], ["x"], "\U0001f600",
           "x" * 5000, "a\tb", "2026-02-30", "subject/99", "1e5", "-")


class Field:
    def __init__(self, entity, name, typ, codes=None, link=(), is_set=False,
                 classes=(), required=False):
        self.entity, self.name, self.type = entity, name, typ
        self.codes, self.link, self.set = codes, link, is_set
        self.classes, self.required = classes, required
        self.extra = []

    @property
    def path(self):
        return f"{self.entity}.{self.name}"

    def ordered(self):
        return self.type in ("integer", "decimal", "date", "time") \
            or self.codes in ORDERED_LISTS

    def plain(self):
        return not self.set and self.type != "link"


class Where:
    """Where a condition stands: what it may speak of."""

    def __init__(self, own=None, selected=(), field=False, gateway=True):
        self.own, self.selected = own, selected
        self.field, self.gateway = field, gateway


class Folder:
    """One random folder: its texts, and what messages in it may say."""

    def __init__(self, rng):
        self.rng = rng
        self.texts = {}
        self.vocabulary()
        self.partners()
        self.agreements()
        self.standing()
        self.notices()
        self.members = self.parties_of("net-local/1")
        if rng.random() < 0.06:
            self.spoil()

    # -- small helpers

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, xs):
        return self.rng.choice(list(xs))

    def some(self, xs, low=1, high=None):
        xs = list(xs)
        n = self.rng.randint(min(low, len(xs)),
                             min(high or len(xs), len(xs)))
        return self.rng.sample(xs, n)

    # -- vocabulary

    def vocabulary(self):
        self.many = {"report": False, "item": True, "subject": True,
                     "vehicle": self.chance(0.7)}
        self.fields = {e: self.entity(e) for e in self.many}
        self.records = {"note": {e: ("many" if m else "one")
                                 for e, m in self.many.items()}}
        if self.chance(0.4):
            self.records["slip"] = {"report": "one", "subject": "many"}
        out = ["vocabulary net/1"]
        for name, codes in CODES.items():
            mark = " ordered" if name in ORDERED_LISTS + ("marking",) else ""
            out.append(f"codes {name}{mark} {', '.join(codes)}")
        out.append("classes naming, sensitive, grade")
        for e, fields in self.fields.items():
            out.append(f"entity {e}")
            for f in fields:
                out.append("  " + self.field_line(f))
                out += f.extra
        for r, parts in self.records.items():
            out.append(f"record {r}")
            out += [f"  {how} {e}" for e, how in parts.items()]
        self.texts["net.vocabulary"] = out

    def entity(self, e):
        fields = []
        kinds = ["text", "text", "date", "integer", "postcode", "phone",
                 "code", "code", "flag", "decimal", "narrative", "plate",
                 "reference", "party", "time"]
        for n, typ in enumerate(self.some(kinds, 3, 6)):
            f = Field(e, f"{typ[:4]}{n}", typ)
            if typ == "code":
                f.codes = self.pick(LISTS)
                f.set = self.chance(0.25)
            elif typ in ("text", "integer"):
                f.set = self.chance(0.1)
            if self.chance(0.3):
                f.classes += ("naming",)
            if self.chance(0.15):
                f.classes += ("sensitive",)
            f.required = self.chance(0.12)
            fields.append(f)
        if e == "item" or self.chance(0.2):
            f = Field(e, "grading", "code", codes=self.pick(LISTS),
                      classes=("grade",))
            fields.append(f)
        if e == "item" or self.chance(0.35):
            ends = self.some(["subject", "vehicle"], 1, 2)
            fields.append(Field(e, "about", "link", link=ends))
        return fields

    def field_line(self, f):
        typ = {"code": f"code {f.codes}",
               "link": f"link {', '.join(f.link)}"}.get(f.type, f.type)
        words = [f.name, typ] + (["set"] if f.set else []) \
            + list(f.classes) + (["required"] if f.required else [])
        if not f.required and self.chance(0.025):
            how = self.pick(("required when", "absent when"))
            mates = [x for x in getattr(self, "fields", {}).get(f.entity, [])
                     if x is not f and x.plain()]
            who = Where(gateway=False)
            if mates:
                m = self.pick(mates)
                f.extra = ["    " + how, "    " + self.pick(
                    (self.compare(m.path, m, ()),) * 3
                    + (self.header_atom(who), self.actor_atom(who)))]
        return " ".join(words)

    def all_fields(self, entities=None):
        return [f for e, fs in self.fields.items()
                for f in fs if not entities or e in entities]

    # -- partners

    def partners(self):
        self.kind, self.clearance, out = {}, {}, []
        for p in PARTNERS:
            self.kind[p] = self.pick(KINDS)
            self.clearance[p] = self.pick(MARKINGS[1:] + MARKINGS)
            out.append(f"partner {p} kind {self.kind[p]} clearance "
                       f"{self.clearance[p]}")
        self.texts["all.partners"] = out

    # -- conditions

    def value(self, f):
        """A literal of a field's type, as it stands in a text."""
        if f.type == "code":
            return self.pick(CODES[f.codes])
        if f.type == "flag":
            return self.pick(("true", "false"))
        if f.type == "party":
            return self.pick(PARTNERS)
        if f.type in WORDS:
            return self.pick(WORDS[f.type])
        return '"' + self.pick(x for x in POOL[f.type]
                               if "\n" not in x) + '"'

    def compare(self, left, f, peers):
        """One comparison of an operand that has the type of field f."""
        if f.set:
            return self.pick((f"{left} has {self.value(f)}",
                              f"{left} has {self.value(f)}",
                              f"{left} is present"))
        r = self.rng.random()
        if r < 0.12:
            return f"{left} is {self.pick(('present', 'absent'))}"
        if f.type == "link":
            return f"{left} is {self.pick(('present', 'absent'))}"
        if r < 0.25:
            vals = [self.value(f) for _ in range(self.rng.randint(1, 3))]
            return f"{left} in {', '.join(vals)}"
        if f.type == "date" and r < 0.4:
            age = left if left.count(".") == 1 else None
            if age:
                return f"age({age}) {self.pick(('<', '>=', '=', '>'))} " \
                    f"{self.pick((0, 16, 18, 36, 76))}"
        op = self.pick(("=", "!=", "=", "!=", "<", "<=", ">", ">=")) \
            if f.ordered() else self.pick(("=", "!="))
        right = self.value(f)
        mates = [p for p in peers if p.plain() and p is not f
                 and (p.type, p.codes) == (f.type, f.codes)]
        if mates and self.chance(0.3):
            right = self.pick(mates).path
        elif r > 0.97 and f.type == "date":
            right = "sent"
        return f"{left} {op} {right}"

    def header_atom(self, w):
        keys = ["type", "purpose", "marking", "sent", "priority",
                "handling-instruction", "agreement", "expires",
                "embargo-until"]
        key = self.pick(keys + ["gateway", "gateway"] * w.gateway)
        eq = self.pick(("=", "!="))
        if key == "marking":
            return f"marking {self.pick(('<=', '>', '='))} " \
                f"{self.pick(MARKINGS)}"
        if key == "sent":
            return f"sent {self.pick(('<', '>='))} {self.pick(DAYS)}"
        if key in ("expires", "embargo-until"):
            return self.pick((f"{key} is absent", f"expires > {key}",
                              f'{key} <= "{self.pick(TIMES)}"'))
        if key == "handling-instruction":
            return self.pick((f"{key} is present", f'{key} {eq} "shred it"'))
        vals = {"type": list(self.records), "purpose": PURPOSES,
                "priority": ("routine", "urgent", "threat-to-life"),
                "gateway": GATEWAYS, "agreement": ("net-local",)}[key]
        return f"{key} {eq} {self.pick(vals)}"

    def actor_atom(self, w):
        who = self.pick(["sender", "recipient", "recipient"]
                        + ["originator"] * 3 * w.field)
        attr = self.pick(("name", "kind", "kind", "clearance"))
        if attr == "clearance":
            return self.pick((f"{who}.clearance >= {self.pick(MARKINGS)}",
                              f"{who}.clearance > marking",
                              f"recipient.clearance <= {who}.clearance"))
        vals = PARTNERS if attr == "name" else KINDS
        return self.pick((
            f"{who}.{attr} {self.pick(('=', '!='))} {self.pick(vals)}",
            f"{who}.{attr} in {', '.join(self.some(vals, 1, 2))}"))

    def quantified(self, w):
        e = self.pick([e for e, m in self.many.items() if m]
                      if self.chance(0.93) else ["report"])
        atoms = []
        for _ in range(self.rng.randint(1, 2)):
            links = [f for f in self.fields[e] if f.type == "link"
                     and w.selected and set(w.selected) <= set(f.link)]
            if w.field and links and self.chance(0.6):
                atoms.append(f"{self.pick(links).path} has this")
            elif self.chance(0.15):
                atoms.append(self.header_atom(w))
            else:
                f = self.pick(self.fields[e])
                peers = self.fields[e] + self.fields["report"] * (
                    e != "report")
                atoms.append(self.compare(f.path, f, peers))
        if not any(a.startswith((e + ".", f"age({e}.")) for a in atoms):
            f = self.pick(self.fields[e])
            atoms.append(f"{f.path} is present")
        body = ("\n      " + self.pick(("and", "or")) + " ").join(atoms)
        neg = "not " if self.chance(0.2) else ""
        body = f"({body})" if len(atoms) > 1 or neg else body
        if neg and self.chance(0.5):
            body = "(not " + body + ")"
            neg = ""
        return f"{neg}{self.pick(('any', 'any', 'every'))} {body}"

    def one_entities(self):
        return [e for e, m in self.many.items() if not m]

    def follow(self, w):
        """ITEM.LINK.FIELD = VALUE, from the instance decided; or None."""
        links = [f for f in self.fields[w.own] if f.type == "link"]
        if not links:
            return None
        link = self.pick(links)
        f = self.pick(self.all_fields(link.link))
        others = [x for x in self.all_fields(link.link) if x.name == f.name]
        if len({(x.type, x.codes, x.set) for x in others}) > 1 \
                or f.type == "link":
            return None
        left = f"{link.path}.{f.name}"
        mates = [x for x in self.fields[w.own] + self.fields["report"]
                 if x.plain() and (x.type, x.codes) == (f.type, f.codes)]
        if not f.plain() or self.chance(0.6):
            return self.compare(left, f, ())
        right = self.pick([m.path for m in mates]
                          + [f"{self.pick(links).path}.{f.name}"])
        end = self.pick(links)
        if right.count(".") == 2 and not all(
                (x.type, x.codes, x.set) == (f.type, f.codes, f.set)
                for x in self.all_fields(end.link) if x.name == f.name):
            right = left
        sides = [left, right]
        self.rng.shuffle(sides)
        return f"{sides[0]} {self.pick(('=', '!='))} {sides[1]}"

    def atom(self, w):
        r = self.rng.random()
        if w.own and r < 0.4:
            a = self.follow(w) if self.chance(0.3) else None
            f = self.pick(self.fields[w.own])
            return a or self.compare(f.path, f, self.fields[w.own])
        if r < 0.6:
            return self.quantified(w)
        if r < 0.75:
            f = self.pick(self.all_fields(self.one_entities()))
            return self.compare(f.path, f, self.fields["report"])
        return self.header_atom(w) if r < 0.87 else self.actor_atom(w)

    def cond(self, w, depth=2):
        r = self.rng.random()
        if depth == 0 or r < 0.55:
            return self.atom(w)
        if r < 0.67:
            return f"not ({self.cond(w, depth - 1)})"
        word = self.pick(("and", "or"))
        parts = [self.cond(w, depth - 1)
                 for _ in range(self.rng.randint(2, 3))]
        parts = [f"({p})" if self.chance(0.5) else p for p in parts]
        return f"\n      {word} ".join(parts)

    # -- rules

    def selection(self, fields=None):
        """A selection as (text, entities)."""
        r = self.rng.random()
        ents = [e for e in self.fields]
        if fields is None and r < 0.2:
            es = self.some(ents, 1, 2)
            return ", ".join(f"{e}.*" for e in es), es
        if fields is None and r < 0.24:
            return "*", ents
        if fields is None and r < 0.38:
            cls = self.pick(("naming", "sensitive"))
            e = self.pick(ents)
            have = [x for x in ents if any(cls in f.classes
                                           for f in self.fields[x])]
            if self.chance(0.5) and e in have:
                return f"all {cls} of {e}", [e]
            return f"all {cls}", have
        fs = self.some(fields or self.all_fields(), 1, 3)
        if self.chance(0.6):
            fs = [f for f in fs if f.entity == fs[0].entity]
        return ", ".join(f.path for f in fs), \
            list(dict.fromkeys(f.entity for f in fs))

    def broad_selection(self, fields):
        """Some of these fields, now and then among others."""
        if self.chance(0.88):
            return self.selection(fields)
        e = self.pick(fields).entity
        return f"{e}.*", [e]

    def tail(self, ents, p_when=0.6, openly=0.25):
        out = []
        if self.chance(p_when):
            w = Where(ents[0] if len(ents) == 1 else None, ents, field=True)
            out += ["    when " + self.cond(w)]
        if self.chance(openly):
            out.append("    openly")
        if self.chance(0.3):
            out.append(f'    because "reason {self.rng.randint(1, 99)}"')
        return out

    def rule(self, action):
        if action == "refuse":
            out = ["  refuse when " + self.cond(Where(), 1)]
            return out + (['    because "refused"'] if self.chance(0.3)
                          else [])
        if action == "reduce":
            fields = [f for f in self.all_fields()
                      if f.type in REDUCERS and not f.set]
            if not fields:
                return []
            f = self.pick(fields)
            fields = [x for x in fields if REDUCERS[x.type] ==
                      REDUCERS[f.type]]
            sel, ents = self.broad_selection(fields)
            red = self.pick(REDUCERS[f.type])
            if red == "band":
                red += f" {self.pick((1, 10, 15, 30, 1000))}"
            return [f"  reduce {sel} to {red}"] + self.tail(ents, 0.35)
        if action == "mask":
            fields = [f for f in self.all_fields()
                      if f.type in MASKABLE and not f.set]
            if not fields:
                return []
            sel, ents = self.broad_selection(fields)
            return [f"  mask {sel} keep {self.pick(('first', 'last'))} "
                    f"{self.pick((1, 1, 2, 3))}"] + self.tail(ents, 0.35)
        sel, ents = self.selection()
        head = f"  {action} {sel}"
        if action == "refer":
            head += f" to {self.pick(PARTNERS + ('originator',) * 3)}"
        if action == "release":
            return [head] + self.tail(ents, 0.4, 0.05)
        return [head] + self.tail(ents, 0.85)

    def rules(self, n, grants=True, refuse=0.05):
        out = []
        if grants:
            r = self.rng.random()
            if r < 0.65:
                out += ["  release *"]
            elif r < 0.8:
                out += [f"  release {e}.*" for e in self.some(self.fields, 2)]
            if self.chance(0.5):
                out += ["  release all sensitive"]
        names = ["release"] * (2 * grants) + ["reduce"] * 5 + ["mask"] * 5 \
            + ["refer"] * 3 + ["withhold"] * 3 + ["conceal"]
        for _ in range(n):
            out += self.rule("refuse" if self.chance(refuse)
                             else self.pick(names))
        return out

    # -- agreements

    def agreements(self):
        out = []
        self.groups = {}
        self.has_ring = False
        umbrella = self.chance(0.35)
        if umbrella:
            top = "net-top/1" if self.chance(0.2) else None
            if top:
                out += self.agreement("net-top", 1, None, broad=True)
            out += self.agreement("net-wide", 1, top, broad=True)
            if self.chance(0.08):
                out += self.agreement("net-wide", 2, None, broad=True,
                                      start=self.pick(DAYS))
        under = "net-wide/1" if umbrella else None
        out += self.agreement("net-local", 1, under)
        if self.chance(0.25):
            out += self.agreement("net-local", 2, under,
                                  start=self.pick(DAYS))
        if self.chance(0.3):
            out += self.agreement("net-other", 1, None)
        if self.chance(0.2):
            self.second_vocabulary(out)
        self.texts["net.agreement"] = out

    def second_vocabulary(self, agreements):
        """The last version is read with a copy of the vocabulary."""
        heads = [i for i, x in enumerate(agreements)
                 if x.startswith("agreement net-local/")
                 and not agreements[i + 2].startswith("  under ")]
        if len(heads) > 1:
            agreements[heads[-1] + 1] = "  uses net/2"
            self.texts["net-2.vocabulary"] = ["vocabulary net/2"] \
                + self.texts["net.vocabulary"][1:]

    def retains(self, always):
        out = []
        if always:
            out.append(f"  retain {self.rng.randint(1, 4)} "
                       f"{self.pick(('weeks', 'months', 'years', 'year'))}")
        if self.chance(0.3):
            out.append(f"  retain {self.rng.randint(1, 60)} days")
            out.append("    when " + self.cond(Where(), 1))
        if not always:
            c = self.compare("report." + self.fields["report"][0].name,
                             self.fields["report"][0], ())
            out += ["  retain 2 years when " + c,
                    f"  retain 1 year when not ({c})"]
        return out

    def agreement(self, name, version, under, broad=False,
                  start="2026-01-01"):
        parties = PARTNERS if broad or self.chance(0.5) \
            else self.some(PARTNERS, 3)
        purposes = PURPOSES if broad or self.chance(0.7) \
            else self.some(PURPOSES, 2)
        ends = self.pick(("2027-06-15", "2028-12-31", "2030-12-31",
                          "2026-06-15" if self.chance(0.1) else
                          "2029-01-01"))
        ends = max(ends, start)
        out = [f"agreement {name}/{version}", "  uses net/1"]
        if under:
            out.append(f"  under {under}")
        out += [f"  parties {', '.join(parties)}",
                f"  purposes {', '.join(purposes)}",
                f"  starts {start}", f"  ends {ends}"]
        out += self.retains(self.chance(0.85))
        groups = []
        if self.chance(0.4):
            groups.append("ring")
            chair = self.pick(parties)
            self.groups.setdefault("ring", []).append(chair)
            self.has_ring |= name == "net-local"
            out += [f"group ring chair {chair} members "
                    + ", ".join(self.some(parties, 2))]
        for n in range(self.rng.randint(1, 3)):
            out += self.clause(n + 1, parties, purposes, groups,
                               broad or n == 0)
        return out

    def clause(self, label, parties, purposes, groups, broad):
        share = self.records if broad or self.chance(0.6) \
            else self.some(self.records)

        def names(low):
            if broad and self.chance(0.9):
                return list(parties)
            return self.some(list(parties) + groups, low)
        out = [f"clause {label} share {', '.join(share)} from "
               f"{', '.join(names(2))} to {', '.join(names(2))} for "
               + ", ".join(purposes if broad else self.some(purposes))
               + f" by {self.pick(GATEWAYS)}"]
        if self.chance(0.06 if broad else 0.5):
            out.append("  only when " + self.cond(Where(), 1))
        if self.chance(0.2):
            out += self.retains(True)
        out += self.onward(groups)
        return out + self.rules(self.rng.randint(2, 8))

    def onward(self, groups):
        r = self.rng.random()
        if r < 0.3:
            return []
        if r < 0.4:
            return ["  onward refer to originator"]
        if r < 0.5:
            return ["  onward withhold"]
        out = "  onward release"
        if self.chance(0.4):
            out += " to " + ", ".join(self.some(list(PARTNERS) + groups, 2))
        if self.chance(0.3):
            out += " for " + ", ".join(self.some(PURPOSES))
        return [out]

    # -- standing rules and notices

    def standing(self):
        if self.chance(0.5):
            return
        out = []
        for name in self.some(("law", "custom"), 1, 2):
            for v in range(1, 2 + self.chance(0.2)):
                out.append(f"standing {name}/{v} uses "
                           f"net/{self.pick((1, 1, v))}")
                for k in range(self.rng.randint(1, 2)):
                    out.append(f"rule r{k}")
                    if self.chance(0.4):
                        out.append("  only when " + self.cond(Where(), 1))
                    out += self.rules(self.rng.randint(1, 2), False, 0.06)
        self.texts["net.standing"] = out

    def notices(self):
        out = []
        if self.chance(0.15):
            for _ in range(self.rng.randint(1, 4)):
                verb = self.pick(("suspend", "resume", "resume", "resume",
                                  "withdraw" if self.chance(0.2) else
                                  "suspend"))
                out.append(f"notice {verb} net-local/1 by "
                           f"{self.pick(self.parties_of('net-local/1'))} on "
                           f"{self.pick(DAYS)}")
        if self.groups and self.chance(0.5):
            for _ in range(self.rng.randint(1, 3)):
                chair = self.pick(self.groups["ring"])
                out.append(f"notice roster ring by {chair} "
                           f"{self.pick(('add', 'remove'))} "
                           f"{', '.join(self.some(PARTNERS, 1, 2))} on "
                           f"{self.pick(DAYS)}")
        if out:
            self.texts["net.notice"] = out

    def parties_of(self, name):
        lines = self.texts["net.agreement"]
        i = lines.index(f"agreement {name}")
        line = next(x for x in lines[i:] if x.startswith("  parties "))
        return line[len("  parties "):].split(", ")

    # -- slightly broken texts

    def spoil(self):
        name = self.pick(self.texts)
        lines = self.texts[name]
        i = self.rng.randrange(len(lines))
        words = lines[i].split(" ")
        k = self.rng.randrange(len(words))
        how = self.rng.randrange(5)
        if how == 0:
            words[k] = words[k][::-1]
        elif how == 1:
            del words[k]
        elif how == 2:
            words.insert(k, self.pick(("when", ",", "(", "all", "*", "7",
                                       '"', "not", "retain", "this.x")))
        elif how == 3:
            words[k] = words[k] + "x"
        else:
            lines.insert(i, lines[i])
        lines[i] = " ".join(words)

    # -- messages

    def message(self):
        """(document, sender, time) of one random message."""
        rng = self.rng
        senders = self.members if self.chance(0.93) \
            else PARTNERS + ("nobody",)
        sender = self.pick(senders)
        others = [p for p in senders if p != sender]
        if self.chance(0.06) or not others:
            others = [p for p in PARTNERS + ("nobody",) * self.chance(0.2)
                      if p != sender or self.chance(0.1)]
        to = self.some(others, 1, 3)
        if self.has_ring and self.chance(0.3) or self.chance(0.005):
            to = self.some(to + ["@ring"], 1)
        rec = self.pick(self.records)
        names = [x.split()[1] for x in self.texts["net.agreement"]
                 if x.startswith("agreement net-")] or ["net-none"]
        names += [n.partition("/")[0] for n in names]
        doc = {"type": rec, "to": to, "agreement": self.pick(names)
               if self.chance(0.2) else self.pick(
                   ("net-local",) * 60 + ("net-local/2", "net-none")),
            "purpose": self.pick(PURPOSES) if self.chance(0.99) else "fun",
            "marking": self.pick(("LOW",) * 8 + MARKINGS)}
        if self.chance(0.3):
            doc["priority"] = self.pick(("routine", "urgent",
                                         "threat-to-life"))
        if self.chance(0.2):
            doc["handling-instruction"] = self.pick(("shred it", "keep"))
        for key in ("expires", "embargo-until"):
            if self.chance(0.15):
                doc[key] = self.pick(TIMES)
        parts = list(self.records[rec].items())
        if self.chance(0.2):
            rng.shuffle(parts)
        counts = {e: rng.randint(0, 3) if how == "many" else 1
                  for e, how in parts}
        for e, _ in parts:
            counts[e] *= not self.chance(0.03)
        for e, how in parts:
            if not counts[e] and (how == "one" or self.chance(0.5)):
                continue
            items = [self.instance(e, counts) for _ in range(counts[e])]
            doc[e] = items if how == "many" else items[0]
        if self.chance(0.35):
            doc["originators"] = self.originators(parts)
        if self.chance(0.04):
            self.attack(doc)
        if self.chance(0.02):
            doc.pop(self.pick(doc))
        return doc, sender, self.pick(TIMES)

    def instance(self, e, counts):
        out = {}
        for f in self.fields[e]:
            if f.required or self.chance(0.7):
                v = self.json_value(f, counts)
                if v is not None:
                    out[f.name] = v
        if self.chance(0.1):
            out = dict(self.rng.sample(list(out.items()), len(out)))
        return out

    def json_value(self, f, counts):
        v = self.one_value(f, counts)
        if isinstance(v, list) and v and self.chance(0.01):
            v = v + [self.pick(v)]
        return v

    def one_value(self, f, counts):
        if f.type == "link":
            names = [f"{e}/{i}" for e in f.link for i in range(
                counts.get(e, 0))]
            if self.chance(0.05):
                names = [self.pick((n.replace("/", "."), n.replace(
                    "/", "[") + "]", n.replace("/", " "),
                    n.removesuffix("/0"))) for n in names]
            if not names:
                return None
            names = self.some(names, 1, 2)
            return names[0] if len(names) == 1 and self.chance(0.5) \
                else names
        if f.set:
            pool = CODES[f.codes] if f.type == "code" else POOL[f.type]
            return self.some(pool, 0, 2)
        if f.type == "code":
            v = self.pick(CODES[f.codes])
            return int(v) if v.isdigit() and self.chance(0.5) else v
        if f.type == "flag":
            return self.chance(0.5)
        if f.type == "party":
            return self.pick(PARTNERS)
        return self.pick(POOL[f.type])

    def originators(self, parts):
        out = {}
        for _ in range(self.rng.randint(1, 2)):
            e = self.pick(e for e, _ in parts)
            key = self.pick((self.pick(self.fields[e]).path, f"{e}.*",
                             f"{e}.*", "*"))
            out[key] = self.pick(PARTNERS)
        return out

    def attack(self, doc):
        """Put something hostile somewhere."""
        spots = [(doc, k) for k in doc]
        for v in doc.values():
            for x in v if isinstance(v, list) else [v]:
                if isinstance(x, dict):
                    spots += [(x, k) for k in x]
        where, k = self.pick(spots)
        where[k] = self.pick(HOSTILE)


def folder(seed):
    return Folder(random.Random(seed))


def text_of(lines):
    return "\n".join(lines) + "\n"


def cases(seed, count):
    """Yield (folder seed, texts, [(document, sender, time)])."""
    n = 0
    while n < count:
        f = folder(f"{seed}/{n}")
        k = min(MANY_MESSAGES, count - n)
        yield f"{seed}/{n}", f.texts, [f.message() for _ in range(k)]
        n += k


def main():
    import evaluate
    import language
    import values
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=2000)
    p.add_argument("--show", action="store_true", help="print the first")
    p.add_argument("--errors", action="store_true")
    args = p.parse_args()
    seen, total, bad = collections.Counter(), 0, 0
    for name, texts, msgs in cases(args.seed, args.count):
        world = language.load_texts({k: text_of(v) for k, v in
                                     texts.items()})
        if args.show:
            for k, v in texts.items():
                print(f"--- {k}\n{text_of(v)}")
            print(json.dumps(msgs[0], indent=1))
            return
        bad += bool(world.errors)
        if world.errors and args.errors:
            print(name, world.errors[:2])
        for doc, sender, at in msgs:
            code, out = evaluate.preview(world, json.dumps(doc).encode(),
                                         sender, values.parse_time(at))
            total += 1
            got = {f"exit {code}"}
            if code == 2 and not world.errors:
                got.add("exit 2 for the message")
            for r in out["recipients"] if code < 2 else []:
                got.add(r["outcome"])
                if r["outcome"] == "refused":
                    got.add("refused by a rule" if r["clause"]
                            else "refused otherwise")
                for f in r.get("fields", []):
                    got.add(f["decision"])
                    if f["decision"] in ("refer", "withhold"):
                        got.add(f["decision"] + (" told" if f["told"]
                                                 else " untold"))
            seen.update(got)
    for k, n in sorted(seen.items()):
        print(f"{k:24} {n / total:6.1%}")
    print(f"{total} cases, {bad} folders with errors")


if __name__ == "__main__":
    main()
