"""The agreement language: texts into trees.

A plain recursive-descent reading of the grammar on the language page, one
function a rule.  After a syntax error the parser goes on at the next
declaration; every error is kept as FILE:LINE:COL: MESSAGE.  What a text may
not mean, although it parses, is found by check.py.
"""
import os
import re

from trees import Agreement, Block, Clause, Codes, Cond, Fault, Field, \
    Group, Item, Notice, Onward, Operand, Partner, Retain, Rule, \
    Standing, Token, Vocabulary, World
from values import SCALARS, parse_date

HEADER_KEYS = ("type", "agreement", "purpose", "marking", "sent", "priority",
               "handling-instruction", "embargo-until", "expires", "gateway")
ENTITY_RESERVED = HEADER_KEYS + ("message", "sender", "recipient",
                                 "originator", "this", "to", "officer",
                                 "originators", "forward")
KNOWN_CLASSES = ("sensitive", "grade")
ENDINGS = {".vocabulary": "vocabulary", ".agreement": "agreement",
           ".standing": "standing", ".notice": "notice",
           ".partners": "partner"}
ACTIONS = ("release", "reduce", "mask", "refer", "withhold", "conceal",
           "refuse")
UNITS = {u + s: u + "s" for u in ("day", "week", "month", "year")
         for s in ("", "s")}
STATEMENTS = ("uses", "under", "parties", "purposes", "basis", "contact",
              "starts", "review", "ends", "retain", "identity", "pin")
TOKEN = re.compile(r"""(?P<blank>[ \t\r\n]+|\#[^\n]*)
    |(?P<string>"[^"\n]*")
    |(?P<word>\*|[A-Za-z0-9_/-]+(?:\.[A-Za-z0-9_/-]+)*(?:\.\*)?)
    |(?P<sym>!=|<=|>=|[=<>(),])""", re.X)


# ---- the parser -------------------------------------------------------------

def tokens_of(text, file):
    out, line, start, pos = [], 1, 0, 0
    while pos < len(text):
        m = TOKEN.match(text, pos)
        at = (file, line, pos - start + 1)
        if not m:
            raise Fault(at, f"unexpected character {text[pos]!r}")
        if m.lastgroup == "string":
            out.append(Token("string", m.group()[1:-1], at))
        elif m.lastgroup != "blank":
            out.append(Token(m.lastgroup, m.group(), at))
        if "\n" in m.group():
            line += m.group().count("\n")
            start = pos + m.group().rfind("\n") + 1
        pos = m.end()
    out.append(Token("end", "end of file", (file, line, pos - start + 1)))
    return out


class Parser:
    def __init__(self, text, file, kind, world):
        self.toks = tokens_of(text, file)
        self.pos = 0
        self.kind = kind
        self.world = world

    # -- tokens

    @property
    def tok(self):
        return self.toks[self.pos]

    def next(self):
        t = self.tok
        self.pos += t.kind != "end"
        return t

    def fail(self, wanted):
        raise Fault(self.tok.at,
                    f"found '{self.tok.text}', expected {wanted}")

    def sees(self, *words):
        return self.tok.kind in ("word", "sym") and self.tok.text in words

    def take(self, *words):
        """The token if it is one of these, else None."""
        return self.next() if self.sees(*words) else None

    def want(self, *words):
        return self.take(*words) or self.fail(" or ".join(words))

    def word(self, what="a name"):
        """A word without dots."""
        if self.tok.kind != "word" or "." in self.tok.text \
                or self.tok.text == "*":
            self.fail(what)
        return self.next()

    def string(self):
        return self.next().text if self.tok.kind == "string" \
            else self.fail("a text in quotes")

    def title(self):
        return self.string() if self.tok.kind == "string" else None

    def names(self):
        out = [self.word()]
        while self.take(","):
            out.append(self.word())
        return out

    def number(self):
        t = self.word("a number")
        if not re.match(r"[0-9]+\Z", t.text) or int(t.text) < 1:
            raise Fault(t.at, f"'{t.text}' is not a number of at least 1")
        return int(t.text)

    def versioned(self):
        t = self.word("NAME/VERSION")
        name, slash, n = t.text.rpartition("/")
        if not name or "/" in name or not re.match(r"[1-9][0-9]*\Z", n):
            raise Fault(t.at, f"'{t.text}' is not NAME/VERSION")
        return (name, int(n)), t.at

    def date(self):
        t = self.word("a date")
        d = parse_date(t.text)
        if d is None:
            raise Fault(t.at, f"'{t.text}' is not a date")
        return d

    # -- files

    def file(self):
        while self.tok.kind != "end":
            try:
                self.want(self.kind)
                getattr(self, self.kind)()
            except Fault as f:
                self.world.errors.append(str(f))
                while self.tok.kind != "end" and not self.sees(self.kind):
                    self.next()

    def put(self, table, key, thing, what):
        if key in table:
            self.world.errors.append(
                str(Fault(thing.at, f"{what} '{key}' stands twice")))
        table[key] = thing

    def err(self, at, text):
        self.world.errors.append(str(Fault(at, text)))

    # -- vocabulary

    def vocabulary(self):
        (name, n), at = self.versioned()
        self.title()
        v = Vocabulary(name, n, at)
        self.put(self.world.vocabularies, (name, n), v, "vocabulary")
        while True:
            if self.take("codes"):
                self.codes(v)
            elif self.take("classes"):
                for t in self.names():
                    if t.text in v.classes:
                        self.err(t.at, f"class '{t.text}' stands twice")
                    v.classes.append(t.text)
            elif self.take("entity"):
                self.entity(v)
            elif self.take("record"):
                self.record(v)
            else:
                break

    def codes(self, v):
        name = self.word()
        c = Codes(name.text, bool(self.take("ordered")), [], name.at)
        while True:
            code = self.word("a code")
            if code.text in HEADER_KEYS:
                self.err(code.at, f"a code may not be named '{code.text}'")
            if code.text in c.codes:
                self.err(code.at, f"code '{code.text}' stands twice")
            c.codes.append(code.text)
            self.title()
            if not self.take(","):
                break
        self.put(v.codes, c.name, c, "code list")

    def entity(self, v):
        name = self.word()
        self.title()
        if name.text in ENTITY_RESERVED:
            self.err(name.at, f"an entity may not be named '{name.text}'")
        if name.text in v.entities:
            self.err(name.at, f"entity '{name.text}' stands twice")
        fields = v.entities[name.text] = {}
        while self.tok.kind == "word" and not self.sees(
                "codes", "classes", "entity", "record", self.kind):
            f = self.field(v, name.text)
            if f.name in fields:
                self.err(f.at, f"field '{f.name}' stands twice")
            fields[f.name] = f

    def field(self, v, entity):
        name = self.word("a field")
        if name.text in v.classes + list(KNOWN_CLASSES):
            raise Fault(name.at, f"'{name.text}' is a class, not a field")
        if len(entity) + 1 + len(name.text) > 64:
            self.err(name.at, "a path has at most 64 bytes")
        t = self.word("a type")
        if t.text == "code":
            typ = ("code", self.word().text)
        elif t.text == "link":
            typ = ("link", tuple(x.text for x in self.names()))
        elif t.text in SCALARS:
            typ = (t.text,)
        else:
            raise Fault(t.at, f"no type '{t.text}'")
        f = Field(entity, name.text, typ, name.at)
        while True:
            if self.take("required"):
                f.required = self.cond() if self.take("when") else True
            elif self.take("absent"):
                self.want("when")
                f.absent = self.cond()
            elif self.take("set"):
                f.set = True
            elif self.sees(*v.classes, *KNOWN_CLASSES):
                f.classes.append(self.next().text)
            else:
                return f

    def record(self, v):
        name = self.word()
        self.title()
        if name.text in v.records:
            self.err(name.at, f"record '{name.text}' stands twice")
        r = v.records[name.text] = {}
        while self.sees("one", "many"):
            how = self.next().text
            for t in self.names():
                if t.text in r:
                    self.err(t.at, f"entity '{t.text}' stands twice")
                if t.text not in v.entities:
                    self.err(t.at, f"no entity '{t.text}'")
                r[t.text] = how

    # -- agreement

    def agreement(self):
        (name, n), at = self.versioned()
        self.title()
        a = Agreement(name, n, at)
        self.put(self.world.agreements, (name, n), a, "agreement")
        while self.sees(*STATEMENTS):
            self.statement(a)
        while True:
            if self.take("group"):
                self.group(a)
            elif self.take("clause"):
                self.clause(a)
            else:
                break

    def statement(self, a):
        t = self.next()
        s = t.text
        if s == "retain":
            a.retains.append(self.retain(t.at))
            return
        if s == "pin":
            what, _ = self.versioned()
            a.pins.append((what, self.string()))
            return
        if s == "identity":
            who = self.word()
            self.want("kind")
            kind = self.word()
            self.want("clearance")
            clearance = self.word()
            self.want("agree")
            self.string()
            a.identities.append((who, kind, clearance))
            return
        if s in a.said:
            self.err(t.at, f"'{s}' is said twice")
        if s in ("uses", "under"):
            a.said[s] = self.versioned()
        elif s in ("parties", "purposes"):
            a.said[s] = self.names()
        elif s in ("basis", "contact"):
            a.said[s] = self.string()
        else:
            a.said[s] = self.date()

    def group(self, a):
        name = self.word()
        self.title()
        self.want("chair")
        chair = self.word()
        self.want("members")
        self.put(a.groups, name.text,
                 Group(name.text, chair, self.names(), name.at), "group")

    def clause(self, a):
        label = self.word("a label")
        self.title()
        c = Clause(label.text, label.at)
        if any(x.label == c.label for x in a.clauses):
            self.err(c.at, f"clause '{c.label}' stands twice")
        for word, name in (("share", "share"), ("from", "from_"),
                           ("to", "to"), ("for", "purposes")):
            self.want(word)
            setattr(c, name, self.names())
        self.want("by")
        c.gateway = self.word("a gateway")
        a.clauses.append(c)
        c.only = self.only()
        while self.sees("retain"):
            c.retains.append(self.retain(self.next().at))
        if self.take("onward"):
            c.onward = self.onward()
        while self.sees(*ACTIONS):
            c.rules.append(self.rule())

    def only(self):
        if self.take("only"):
            self.want("when")
            return self.cond()
        return None

    def retain(self, at):
        n = self.number()
        unit = self.want(*UNITS)
        when = self.cond() if self.take("when") else None
        return Retain(n, UNITS[unit.text], when, at)

    def onward(self):
        how = self.want("refer", "withhold", "release").text
        to, purposes = None, None
        if how == "refer":
            self.want("to")
            self.want("originator")
        if how == "release":
            to = self.names() if self.take("to") else None
            purposes = self.names() if self.take("for") else None
        return Onward(how, to, purposes)

    # -- rules

    def rule(self):
        t = self.next()
        r = Rule(t.text, t.at)
        if r.action != "refuse":
            r.items = [self.item()]
            while self.take(","):
                r.items.append(self.item())
        if r.action == "reduce":
            self.want("to")
            reducer = self.word("a reducer").text
            n = self.number() if self.tok.kind == "word" \
                and re.match(r"[0-9]+\Z", self.tok.text) else None
            r.how = ("reduce", reducer, n)
        elif r.action == "mask":
            self.want("keep")
            r.how = ("mask", self.want("first", "last").text, self.number())
        elif r.action == "refer":
            self.want("to")
            r.to = self.word("a partner").text
        if self.take("when"):
            r.when = self.cond()
        r.openly = bool(self.take("openly"))
        if self.take("because"):
            r.because = self.string()
        return r

    def item(self):
        t = self.tok
        if t.kind != "word":
            self.fail("a field")
        self.next()
        if t.text == "all":
            cls = self.word("a class").text
            entity = self.word("an entity").text if self.take("of") else None
            return Item("class", t.at, entity=entity, cls=cls)
        if t.text == "*":
            return Item("all", t.at)
        parts = t.text.split(".")
        if len(parts) != 2:
            raise Fault(t.at, f"found '{t.text}', expected ENTITY.FIELD")
        if parts[1] == "*":
            return Item("entity", t.at, entity=parts[0])
        return Item("field", t.at, entity=parts[0], field=parts[1])

    # -- conditions

    def cond(self):
        return self.chain("or", self.conj)

    def conj(self):
        return self.chain("and", self.neg)

    def chain(self, word, part):
        at = self.tok.at
        args = [part()]
        while self.take(word):
            args.append(part())
        return args[0] if len(args) == 1 else Cond(word, args, at)

    def neg(self):
        at = self.tok.at
        if self.take("not"):
            return Cond("not", [self.neg()], at)
        q = self.take("any", "every")
        return Cond(q.text, [self.prim()], at) if q else self.prim()

    def prim(self):
        at = self.tok.at
        if self.take("("):
            c = self.cond()
            self.want(")")
            return c
        left = self.operand()
        op = self.want("=", "!=", "<", "<=", ">", ">=", "in", "is", "has")
        if op.text == "in":
            args = [left, self.operand()]
            while self.take(","):
                args.append(self.operand())
            return Cond("in", args, at)
        if op.text == "is":
            return Cond("is", [left], at, self.want("present", "absent").text)
        if op.text == "has":
            return Cond("has", [left, self.operand()], at)
        return Cond("cmp", [left, self.operand()], at, op.text)

    def operand(self):
        t = self.tok
        if t.kind not in ("word", "string"):
            self.fail("a value or a path")
        self.next()
        if t.kind == "word" and t.text == "age" and self.take("("):
            path = self.tok
            if path.kind != "word" or len(path.text.split(".")) != 2:
                self.fail("ENTITY.FIELD")
            self.next()
            self.want(")")
            return Operand("age", path.text, path.at)
        return Operand(t.kind, t.text, t.at)

    # -- standing, notice, partner

    def standing(self):
        (name, n), at = self.versioned()
        self.title()
        self.want("uses")
        uses, _ = self.versioned()
        s = Standing(name, n, uses, at)
        self.put(self.world.standings, (name, n), s, "standing rules")
        while self.take("rule"):
            t = self.word()
            self.title()
            b = Block(t.text, t.at, self.only(), [])
            if any(x.name == b.name for x in s.blocks):
                self.err(t.at, f"rule '{b.name}' stands twice")
            while self.sees(*ACTIONS):
                b.rules.append(self.rule())
            s.blocks.append(b)

    def notice(self):
        t = self.want("withdraw", "suspend", "resume", "roster")
        names = None
        if t.text == "roster":
            what = self.word("a group").text
            self.want("by")
            by = self.word("a partner").text
            verb = self.want("add", "remove").text
            names = self.names()
        else:
            verb = t.text
            what, _ = self.versioned()
            self.want("by")
            by = self.word("a partner").text
        self.want("on")
        self.world.notices.append(
            Notice(verb, what, by, self.date(), t.at, names))

    def partner(self):
        t = self.word("a partner")
        self.title()
        self.want("kind")
        kind = self.word()
        self.want("clearance")
        p = Partner(t.text, kind, self.word(), t.at)
        self.put(self.world.partners, p.name, p, "partner")


# ---- folders -----------------------------------------------------------------

def parse_text(text, file, kind, world):
    try:
        Parser(text, file, kind, world).file()
    except Fault as f:
        world.errors.append(str(f))


def load_dir(path):
    """All texts of a folder, parsed and checked; errors are in the world."""
    from check import check_world
    world = World()
    for name in sorted(os.listdir(path)):
        kind = ENDINGS.get(os.path.splitext(name)[1])
        if kind is None:
            continue
        with open(os.path.join(path, name), "rb") as f:
            data = f.read()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            world.errors.append(f"{name}:1:1: not UTF-8")
            continue
        parse_text(text, name, kind, world)
    check_world(world)
    return world


def load_texts(texts):
    """The same from a dict of file name to text."""
    from check import check_world
    world = World()
    for name in sorted(texts):
        parse_text(texts[name], name, ENDINGS[os.path.splitext(name)[1]],
                   world)
    check_world(world)
    return world
