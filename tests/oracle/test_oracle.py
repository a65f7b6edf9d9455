#!/usr/bin/env python3
"""The reference evaluator against the language page, rule by rule.

Each test is named after the numbered rule it tries; what it expects was worked
out by hand from the page, never taken from the evaluator's own output.
"""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import evaluate  # noqa: E402
import language  # noqa: E402
import values  # noqa: E402

LISTS = """
  codes kind police, council, hmrc
  codes purpose prevent, pursue
  codes gateway law, common
  codes marking ordered OPEN, CLOSED, SECRET
"""
BODY = """
  codes role suspect, victim, witness
  codes letter P, C
  classes secretive
  entity report
    title   text required
    notes   narrative
    count   integer
    value   decimal
    owner   party
    tags    code role set
    about   link subject
  entity item
    text    text required
    source  text grade
    grading code letter grade
    about   link subject, vehicle
  entity subject
    name     text secretive
    born     date secretive
    role     code role
    postcode postcode
    phone    phone
    health   text sensitive
    knows    link subject
    alert    flag
  entity vehicle
    plate   plate
    colour  text
  entity extra
    title   text
  record note one report many item, subject, vehicle
  record other one report many extra
"""
VOCAB = "vocabulary t/1 " + LISTS + BODY
PARTNERS = """
  partner p1 kind police clearance SECRET
  partner c1 kind council clearance CLOSED
  partner c2 kind council clearance OPEN
  partner h1 kind hmrc clearance SECRET
  partner x1 kind hmrc clearance SECRET
"""
HEAD = """agreement a/1 uses t/1 parties p1, c1, c2, h1 purposes prevent, pursue
  starts 2026-01-01 ends 2030-12-31 retain 10 years """
CLAUSE = """ clause {0} share note from p1 to c1, c2, h1 for prevent by law """
AT = "2026-06-15T12:00:00Z"
ALL = " release report.*, item.*, subject.*, vehicle.* "


def world(rules=None, **texts):
    t = {"v.vocabulary": VOCAB, "p.partners": PARTNERS}
    if rules is not None:
        t["a.agreement"] = HEAD + CLAUSE.format(1) + rules
    for k, v in texts.items():
        t[f"{k}.{k}" if k in ("agreement", "standing", "notice", "vocabulary",
                              "partners") else k] = v
    if "vocabulary" in texts:
        del t["v.vocabulary"]
    return language.load_texts(t)


def message(**kw):
    m = {"type": "note", "to": ["c1"], "agreement": "a", "purpose": "prevent",
         "marking": "OPEN", "report": {"title": "T"}}
    m.update(kw)
    return {k: v for k, v in m.items() if v is not None}


def run(w, m, sender="p1", at=AT):
    assert not w.errors, w.errors
    return evaluate.preview(w, json.dumps(m).encode(), sender,
                            values.parse_time(at))


def lines(w, m, **kw):
    _, out = run(w, m, **kw)
    assert isinstance(out, dict), out
    return {x["partner"]: x for x in out["recipients"]}


def line(w, m, **kw):
    return next(iter(lines(w, m, **kw).values()))


def fields(w, m, **kw):
    x = line(w, m, **kw)
    assert x["outcome"] == "accepted", x
    return {(f["path"], f["instance"]): f for f in x["fields"]}


def one(w, m, path, i=0, **kw):
    f = fields(w, m, **kw)[path, i]
    return f["decision"], f["told"], f["clause"]


def cut(w, m, path, i=0, **kw):
    f = fields(w, m, **kw)[path, i]
    return f["decision"], f["to"], f["value"]


class Base(unittest.TestCase):
    def decided(self, rules, m, path, *wanted, i=0, **kw):
        w = rules if not isinstance(rules, str) else world(rules)
        self.assertEqual(one(w, m, path, i, **kw), wanted)

    def bad(self, **texts):
        """These texts are an error."""
        self.assertTrue(world(**texts).errors, texts)

    def bad_rules(self, *all_):
        for rules in all_:
            self.assertTrue(world(rules).errors, rules)

    def good_rules(self, *all_):
        for rules in all_:
            self.assertEqual(world(rules).errors, [], rules)

    def wrong(self, m, rules=ALL, **kw):
        w = rules if not isinstance(rules, str) else world(rules)
        self.assertEqual(run(w, m, **kw)[0], 2, m)


S = message(subject=[{"name": "Ann Smith", "role": "suspect"}])
V = message(subject=[{"name": "Bea Stone", "role": "victim"}])
N = message(subject=[{"name": "Cy Noe"}])


class Rules(Base):
    def test_01_cross_product_and_groups(self):
        g = (" group g chair c1 members p1, c1, c2 clause 1 share note from g"
             " to g for prevent by law" + ALL)
        w = world(agreement=HEAD + g)
        got = lines(w, message(to=["@g"]))
        self.assertEqual(sorted(got), ["c1", "c2"])      # less the sender
        self.assertEqual(lines(w, message(), sender="c2")["c1"]["outcome"],
                         "accepted")
        x = line(w, message(to=["h1"]))
        self.assertEqual(x["outcome"], "refused")
        r = " notice roster g by c1 remove c2 on 2026-06-15 "
        got = lines(world(agreement=HEAD + g, notice=r), message(to=["@g"]))
        self.assertEqual(sorted(got), ["c1"])
        got = lines(world(agreement=HEAD + g, notice=r), message(to=["@g"]),
                    at="2026-06-14T12:00:00Z")
        self.assertEqual(sorted(got), ["c1", "c2"])

    def test_02_only_when(self):
        two = (HEAD + CLAUSE.format(1) + " release report.* "
               + CLAUSE.format(2)
               + "only when report.count > 5 release item.* "
               "withhold report.title refuse when report.notes is present")
        w = world(agreement=two)
        m = message(item=[{"text": "x"}])
        self.decided(w, m, "report.title", "withhold", True, "2")
        self.decided(w, m, "item.text", "conceal", False, None)
        m["report"] = {"title": "T", "count": 6}
        self.decided(w, m, "item.text", "release", True, "2")
        m["report"] = {"title": "T", "count": 5}
        self.decided(w, m, "report.title", "release", True, "1")
        m["report"] = {"title": "T", "notes": "n"}
        self.assertEqual(line(w, m)["clause"], "2")      # it still refuses
        w = world(agreement=HEAD + CLAUSE.format(7)
                  + "only when report.count > 5 release *")
        x = line(w, message())
        self.assertEqual(x["outcome"], "refused")
        self.assertIn("7", x["reason"])

    def test_03_one_version_wrong_or_refused(self):
        w = world(ALL)
        for m, kw in ((message(agreement="b"), {}),
                      (message(agreement="a/2"), {}),
                      (message(to=["x1"]), {}),
                      (message(), {"sender": "x1"}),
                      (message(), {"at": "2031-01-01T00:00:00Z"}),
                      (message(), {"at": "2025-12-31T23:59:59Z"})):
            code, out = run(w, m, **kw)
            self.assertEqual(code, 1)
            self.assertNotIn("fields", out["recipients"][0])
        narrow = world(agreement=(HEAD + CLAUSE.format(1) + ALL).replace(
            "purposes prevent, pursue", "purposes prevent"))
        self.assertEqual(run(narrow, message(purpose="pursue"))[0], 1)
        self.assertEqual(run(w, message(agreement="a/1"))[0], 0)
        for m in (message(to=["nobody"]), message(type="what"),
                  message(report={"title": "T", "zzz": 1}),
                  message(report={"title": 1}), message(report={}),
                  message(marking=None), message(zzz={}),
                  message(to=[]), message(to=["@nogroup"])):
            self.wrong(m, w)
            self.wrong(dict(m, agreement="a/9"), w)      # before refusals
            self.wrong(m, w, at="2031-01-01T00:00:00Z")
        self.wrong(message(), w, sender="nobody")

    def test_04_umbrella(self):
        up = ("agreement u/1 uses t/1 parties {} purposes prevent starts "
              "2026-01-01 ends {} retain 1 year clause 9 share note from p1 "
              "to c1 for prevent by law {} ")
        under = (HEAD + "under u/1" + CLAUSE.format(1) + ALL)

        def w(parties="p1, c1", ends="2029-01-01",
              rules="release report.* reduce subject.name to initials"):
            return world(agreement=up.format(parties, ends, rules) + under)
        m = message(subject=[{"name": "Ann Smith", "born": "1990-02-03"}])
        self.decided(w(), m, "report.title", "release", True, "1")
        self.decided(w(), m, "subject.name", "reduce", True, "u/1 9")
        self.decided(w(), m, "subject.born", "conceal", False, None)
        self.assertEqual(run(w(parties="p1, c1, c2"), m)[0], 0)
        self.assertEqual(run(w(ends="2026-06-14"), m)[0], 1)
        self.assertEqual(run(w(), message(to=["c2"]))[0], 1)
        self.assertEqual(line(w(rules="release * refuse"), m)["clause"],
                         "u/1 9")

    def test_05_standing(self):
        s1 = "standing s/1 uses t/1 rule r conceal report.* "
        s2 = "standing s/2 uses t/1 rule q withhold report.title "
        w = world(ALL, standing=s1 + s2)
        self.decided(w, message(), "report.title", "withhold", True,
                     "s/2 q")
        v2 = VOCAB.replace("t/1", "t/2")
        self.bad(**{"a.agreement": HEAD + CLAUSE.format(1) + ALL,
                    "v2.vocabulary": v2,
                    "standing": "standing s/1 uses t/2 rule r conceal *"})
        self.bad(standing="standing s/1 uses t/1 rule r release *")
        w = world(" release report.* ", standing="standing s/1 uses t/1 "
                  "rule r reduce subject.name to initials")
        self.decided(w, S, "subject.name", "conceal", False, None)

    def test_06_marking_above_clearance(self):
        w = world(ALL)
        got = lines(w, message(to=["c1", "c2"], marking="CLOSED"))
        self.assertEqual([got[p]["outcome"] for p in ("c1", "c2")],
                         ["accepted", "refused"])

    def test_07_grants(self):
        self.decided(" refer report.title to h1 ", message(),
                     "report.title", "conceal", False, None)
        self.decided(" withhold report.title openly ", message(),
                     "report.title", "conceal", False, None)
        self.decided(" mask subject.name keep first 1 ", S, "subject.name",
                     "mask", True, "1")

    def test_08_sensitive(self):
        m = message(subject=[{"health": "ill health"}])
        for rules in (" release * ", " release subject.* ",
                      " release all sensitive withhold subject.* "):
            d = one(world(rules), m, "subject.health")
            self.assertNotEqual(d[0], "release")
        for rules in (" release subject.health ", " release all sensitive ",
                      " release all sensitive of subject "):
            self.decided(rules, m, "subject.health", "release", True, "1")
        # a wildcard reduces without granting, and closes what is granted
        self.decided(" release subject.health reduce all sensitive of subject"
                     " to initials ", m, "subject.health", "reduce", True,
                     "1")

    def test_09_coarser(self):
        m = message(subject=[{"born": "1990-02-03", "postcode": "CV21 3AB",
                              "phone": "07700 900123", "name": "Ann Smith"}],
                    report={"title": "T", "count": 12345})

        def both(rules, path, *wanted):
            self.assertEqual(cut(world(rules), m, path), wanted)
        both(" reduce subject.born to month reduce subject.born to year",
             "subject.born", "reduce", "year", "1990")
        both(" reduce subject.postcode to sector reduce subject.postcode to"
             " area reduce subject.postcode to district", "subject.postcode",
             "reduce", "area", "CV")
        both(" reduce report.count to band 10 reduce report.count to band "
             "100", "report.count", "reduce", "band 100", "12300-12399")
        both(" reduce report.count to band 10 reduce report.count to band "
             "15", "report.count", "withhold", None, None)
        both(" reduce report.count to band 10 reduce report.count to band 15"
             " reduce report.count to band 30", "report.count", "reduce",
             "band 30", "12330-12359")
        both(" mask subject.phone keep last 3 mask subject.phone keep last 2",
             "subject.phone", "mask", "keep last 2", "***** ****23")
        both(" mask subject.phone keep last 3 mask subject.phone keep first "
             "2", "subject.phone", "withhold", None, None)
        both(" reduce subject.born to year reduce subject.born to age-band",
             "subject.born", "withhold", None, None)
        both(" release subject.name mask subject.name keep first 1",
             "subject.name", "mask", "keep first 1", "A** *****")
        for closer, word in (("refer report.title to h1", "refer"),
                             ("withhold report.title", "withhold"),
                             ("conceal report.title", "conceal")):
            self.assertEqual(cut(world(" release report.* " + closer), m,
                                 "report.title")[0], word)
        both(" release report.* withhold report.title refer report.title to "
             "h1", "report.title", "withhold", None, None)

    def test_10_refuse_and_refer(self):
        w = world(ALL + " refuse when report.count > 5 because \"no\" ")
        self.assertEqual(line(w, message())["outcome"], "refused")
        self.assertEqual(line(w, message())["reason"], "no")
        m = message(report={"title": "T", "count": 3})
        self.assertEqual(line(w, m)["outcome"], "accepted")
        w = world(ALL + " refer report.title to x1 refer report.title to h1"
                  " refer report.title to x1 ")
        self.assertEqual(cut(w, message(), "report.title"),
                         ("refer", "h1, x1", None))
        w = world(ALL + " refer report.title to c1 ")
        self.assertEqual(cut(w, message(), "report.title"),
                         ("refer", "c1", None))

    def test_11_grades_and_links(self):
        m = message(item=[{"text": "x", "grading": "C"},
                          {"text": "y", "grading": "P"}])
        w = world(ALL + " withhold item.grading when item.grading = C openly")
        self.decided(w, m, "item.text", "withhold", True, "1")
        self.decided(w, m, "item.text", "release", True, "1", i=1)
        m = message(item=[{"text": "x", "grading": "C", "source": "s t"}])
        w = world(ALL + " withhold item.grading openly withhold item.source "
                  "when item.text != \"q\" ")
        self.decided(w, m, "item.text", "withhold", False, "1")
        w = world(ALL + " reduce item.source to initials ")
        self.decided(w, m, "item.text", "release", True, "1")
        m = message(item=[{"text": "x", "about": ["subject/0", "vehicle/0"]}],
                    subject=[{"name": "A"}], vehicle=[{"plate": "AB1"}])
        w = world(ALL + " conceal subject.* ")
        self.decided(w, m, "item.about", "conceal", False, None)
        w = world(ALL + " withhold subject.* ")
        self.decided(w, m, "item.about", "release", True, "1")
        # concealing a link can be what makes another instance untold
        m = message(item=[{"text": "x", "about": "subject/0"}],
                    subject=[{"knows": "subject/1"}, {"name": "B"}])
        w = world(ALL + " conceal subject.name ")
        self.decided(w, m, "subject.knows", "conceal", False, None)
        self.decided(w, m, "item.about", "conceal", False, None)

    def test_12_first_named(self):
        up = ("agreement u/1 uses t/1 parties p1, c1 purposes prevent starts "
              "2026-01-01 ends 2029-01-01 retain 1 year clause 9 share note "
              "from p1 to c1 for prevent by law release * withhold "
              "report.title because \"u\" ")
        st = ("standing s/1 uses t/1 rule r withhold report.title "
              "because \"s\" ")
        base = HEAD + "under u/1" + CLAUSE.format(1) + ALL

        def got(agreement):
            f = fields(world(agreement=agreement, standing=st),
                       message())["report.title", 0]
            return f["clause"], f["reason"]
        self.assertEqual(got(up + base), ("u/1 9", "u"))
        self.assertEqual(got(up + base + " withhold report.title because "
                             "\"1\" withhold report.title because \"2\" "),
                         ("1", "1"))
        self.assertEqual(got(up.replace("withhold report.title because \"u\"",
                                        "") + base), ("s/1 r", "s"))
        self.assertEqual(got(up + base + " conceal report.title "),
                         ("1", None))

    def test_13_kleene(self):
        m = message()                                    # count is absent
        for cond, closes, grants in (
                ("report.count = 1", True, False),
                ("not report.count = 1", True, False),
                ("report.count = 1 or report.title = \"T\"", True, True),
                ("report.count = 1 and report.title = \"T\"", True, False),
                ("report.count = 1 and report.title = \"U\"", False, False),
                ("report.count is absent", True, True),
                ("not report.count is present", True, True),
                ("report.count is present", False, False)):
            d = one(world(ALL + f" conceal report.title when {cond} "), m,
                    "report.title")
            self.assertEqual(d[0] == "conceal", closes, cond)
            d = one(world(f" release report.title when {cond} "), m,
                    "report.title")
            self.assertEqual(d[0] == "release", grants, cond)
        m = message(item=[{"text": "x", "about": ["subject/0",
                                                  "subject/1"]}],
                    subject=[{"role": "victim"}, {"name": "n"}])
        for cond in ("item.about.role is present",
                     "item.about.role is absent"):
            self.decided(f" {ALL} conceal item.text when {cond} ", m,
                         "item.text", "conceal", False, "1")

    def test_14_precedence(self):
        t = message(report={"title": "T", "count": 1, "value": "2"})
        for cond, yes in (
                ("report.count = 1 or report.count = 2 and report.count = 3",
                 True),
                ("not report.count = 2 and report.count = 1", True),
                ("not (report.count = 1 or report.count = 2)", False),
                ("not report.count = 1 or report.count = 1", True)):
            self.decided(f" release report.title when {cond} ", t,
                         "report.title", "release" if yes else "conceal",
                         yes, "1" if yes else None)
        m = message(subject=[{"role": "victim"}, {"role": "suspect"}])
        self.decided(" release report.title when any subject.role = victim "
                     "and report.title = \"T\" ", m, "report.title",
                     "release", True, "1")
        self.decided(" release report.title when not any subject.role = "
                     "witness ", m, "report.title", "release", True, "1")

    def test_15_words_and_gateways(self):
        self.good_rules(" release * when marking <= CLOSED ",
                        " release * when purpose in prevent, pursue ",
                        " release * when gateway = law and type = note ",
                        " release * when sent >= 2026-01-01 ",
                        " release * when priority = urgent ",
                        " release * when handling-instruction = \"x\" ",
                        " release * when report.count = -5 ",
                        " release * when recipient.clearance >= marking ")
        self.bad_rules(" release * when marking = VERY ",
                       " release * when nokey = prevent ",
                       " release * when prevent = purpose ",
                       " release * when report.title = word ",
                       " release * when report.nofield = 1 ")
        self.bad(vocabulary="vocabulary t/1 codes sent priority" + LISTS)
        w = world(ALL + " conceal report.title when sent = 2026-06-16 ")
        self.decided(w, message(), "report.title", "conceal", False, "1",
                     at="2026-06-15T23:30:00Z")          # London is ahead
        self.decided(" release report.title when priority = urgent ",
                     message(priority="urgent"), "report.title", "release",
                     True, "1")
        self.decided(" release report.title when priority = urgent ",
                     message(), "report.title", "conceal", False, None)
        # a standing rule hears the gateway of each applying clause
        ag = (HEAD + CLAUSE.format(1) + ALL
              + CLAUSE.format(2).replace("by law", "by common"))
        st = "standing s/1 uses t/1 rule r conceal report.* when gateway = {}"
        self.decided(world(agreement=ag, standing=st.format("common")),
                     message(), "report.title", "conceal", False, "s/1 r")
        self.decided(world(ALL, standing=st.format("common")), message(),
                     "report.title", "release", True, "1")

    def test_16_actors(self):
        self.decided(" release report.* when sender.kind = police and "
                     "recipient.name = c1 and recipient.clearance >= CLOSED ",
                     message(), "report.title", "release", True, "1")
        self.good_rules(" conceal * when originator.kind = hmrc ",
                        " conceal subject.* when any item.about has this ")
        self.bad_rules(" refuse when originator.kind = hmrc ",
                       " refuse when any item.about has this ",
                       " release * when sender.kind = nokind ",
                       " release * when sender.name = nobody ")
        w = world(" release report.* when originator.name = p1 ")
        self.decided(w, message(), "report.title", "release", True, "1")
        self.decided(w, message(originators={"*": "h1"}), "report.title",
                     "conceal", False, None)

    def test_17_own_instance_and_links(self):
        m = message(subject=[{"name": "a", "role": "victim"},
                             {"name": "b", "role": "suspect"}])
        w = world(ALL + " conceal subject.name when subject.role = victim ")
        self.decided(w, m, "subject.name", "conceal", False, "1")
        self.decided(w, m, "subject.name", "release", True, "1", i=1)
        m = message(subject=[{"name": "a", "role": "victim"},
                             {"name": "b", "role": "suspect"},
                             {"name": "c", "role": "victim"}],
                    vehicle=[{"plate": "A1"}],
                    item=[{"text": "0", "about": "subject/0"},
                          {"text": "1", "about": ["subject/0", "subject/2"]},
                          {"text": "2", "about": ["subject/0", "subject/1"]},
                          {"text": "3"},
                          {"text": "4", "about": "vehicle/0"},
                          {"text": "5", "about": "subject/1"}])
        w = world(" release item.text when item.about.role = victim ")
        self.assertEqual([one(w, m, "item.text", i)[0] for i in range(6)],
                         ["release", "release"] + ["conceal"] * 4)
        w = world(ALL + " conceal item.text when item.about.role = victim ")
        self.assertEqual([one(w, m, "item.text", i)[0] for i in range(6)],
                         ["conceal"] * 5 + ["release"])
        self.bad_rules(
            " conceal subject.name when item.about.role = victim ",
            " conceal report.title when any item.about.role = victim ",
            " conceal item.text when item.about.nothing = 1 ",
            " conceal item.text when item.about.knows.role = victim ",
            " conceal subject.*, item.* when subject.role = victim ",
            " conceal * when any item.about has this ",
            " refuse when report.about.role = victim ")
        self.good_rules(
            " conceal subject.*, vehicle.* when any item.about has this ",
            " conceal report.title when report.about.role = victim ")

    def test_18_quantifiers(self):
        self.bad_rules(
            " refuse when subject.role = victim ",
            " refuse when any (subject.role = victim and item.grading = C) ",
            " refuse when any (any subject.role = victim) ",
            " conceal report.* when subject.role = victim ")
        self.good_rules(
            " refuse when any subject.role = victim ",
            " refuse when report.count = 1 ",
            " conceal subject.* when every (subject.role = victim and "
            "report.count = 1) ")
        for q, empty, grants in (("any", False, False),
                                 ("every", True, False)):
            w = world(ALL + f" conceal report.title when {q} subject.role = "
                      "victim ")
            self.assertEqual(one(w, message(), "report.title")[0]
                             == "conceal", empty)
            w = world(f" release report.title when {q} subject.role = victim")
            self.assertEqual(one(w, message(), "report.title")[0]
                             == "release", grants)
        # over all its instances, the decided one too
        m = message(subject=[{"name": "a", "role": "victim"}])
        self.decided(ALL + " conceal subject.name when any subject.role = "
                     "victim ", m, "subject.name", "conceal", False, "1")
        self.bad(vocabulary=VOCAB + " record third many report ",
                 **{"a.agreement": HEAD + CLAUSE.format(1)
                    + " refuse when report.count = 1"})

    def test_19_has(self):
        tags = message(report={"title": "T", "tags": ["victim", "witness"]})
        none = message(report={"title": "T", "tags": []})
        for m, closes, grants in ((tags, True, True), (none, False, False),
                                  (message(), True, False)):
            self.assertEqual(one(world(
                ALL + " conceal report.title when report.tags has victim "),
                m, "report.title")[0] == "conceal", closes)
            self.assertEqual(one(world(
                " release report.title when report.tags has victim "),
                m, "report.title")[0] == "release", grants)
        self.bad_rules(" release * when report.tags = victim ",
                       " release * when report.tags in victim, witness ",
                       " release * when report.title has \"x\" ",
                       " release * when report.tags has nothing ",
                       " mask report.tags keep first 1 ",
                       " release report.* when report.about = subject/0 ")
        self.bad(vocabulary=VOCAB.replace("about   link subject\n",
                                          "about   link subject set\n"))
        w = world(ALL + " conceal subject.name when any (item.about has this "
                  "and item.grading = C) ")
        m = message(item=[{"text": "x", "grading": "C",
                           "about": "subject/1"}],
                    subject=[{"name": "a"}, {"name": "b"}])
        self.decided(w, m, "subject.name", "release", True, "1")
        self.decided(w, m, "subject.name", "conceal", False, "1", i=1)
        m["item"] = [{"text": "x", "grading": "C"}]      # about everything
        self.decided(w, m, "subject.name", "conceal", False, "1")
        m["item"] = [{"text": "x", "grading": "P"}]
        self.decided(w, m, "subject.name", "release", True, "1")

    def test_20_age_and_required(self):
        for born, at, age in (("2008-06-15", AT, 18), ("2008-06-16", AT, 17),
                              ("2008-02-29", "2026-02-28T12:00:00Z", 18),
                              ("2008-02-29", "2026-02-27T12:00:00Z", 17),
                              ("2008-02-29", "2028-02-28T12:00:00Z", 19),
                              ("2008-06-16", "2026-06-15T23:30:00Z", 18)):
            m = message(subject=[{"name": "a", "born": born}])
            self.decided(" release subject.name when "
                         f"age(subject.born) = {age} ", m, "subject.name",
                         "release", True, "1", at=at)
        v = VOCAB.replace("born     date secretive", "born date required when"
                          " subject.role = victim absent when subject.role ="
                          " suspect")
        w = world(vocabulary=v, **{"a.agreement":
                                   HEAD + CLAUSE.format(1) + ALL})
        self.wrong(V, w)
        self.wrong(message(subject=[{"role": "suspect",
                                     "born": "1990-01-01"}]), w)
        self.assertEqual(run(w, S)[0], 0)
        self.assertEqual(run(w, N)[0], 0)                # cannot tell
        self.bad(vocabulary=VOCAB.replace(
            "born     date", "born date required when originator.kind = "
            "hmrc"))

    def test_21_told(self):
        w = world(ALL + " withhold report.title ")
        self.decided(w, message(), "report.title", "withhold", True, "1")
        full = message(report={"title": "T", "count": 9})
        w = world(ALL + " withhold report.title when report.count > 5 ")
        self.decided(w, full, "report.title", "withhold", True, "1")
        self.decided(w, message(), "report.title", "withhold", True, "1")
        hide = " reduce report.count to band 10 "
        w = world(ALL + hide + " withhold report.title when report.count > 5")
        self.decided(w, full, "report.title", "withhold", False, "1")
        self.decided(w, message(), "report.title", "withhold", False, "1")
        w = world(ALL + hide + " withhold report.title when report.count > 5 "
                  "openly ")
        self.decided(w, full, "report.title", "withhold", True, "1")
        # every rule at the level; more closed than openly does not help
        w = world(ALL + hide + " withhold report.title openly withhold "
                  "report.title when report.count > 5 ")
        self.decided(w, full, "report.title", "withhold", False, "1")
        # its own value is not the reader's
        w = world(ALL + " withhold report.count when report.count > 5 ")
        self.decided(w, full, "report.count", "withhold", False, "1")
        # an absent value that, were it there, would close itself
        w = world(ALL + " conceal report.count when report.count > 100 "
                  "withhold report.title when report.count is absent ")
        self.decided(w, message(), "report.title", "withhold", False, "1")
        # header keys, sender, recipient; not the originator
        w = world(ALL + " withhold report.title when marking = OPEN and "
                  "sender.kind = police and recipient.kind = council ")
        self.decided(w, message(), "report.title", "withhold", True, "1")
        w = world(ALL + " withhold report.title when originator.kind = police"
                  " ")
        self.decided(w, message(), "report.title", "withhold", False, "1")
        w = world(ALL + " refer report.title to originator ")
        self.decided(w, message(), "report.title", "refer", False, "1")
        w = world(ALL + " refer report.title to originator openly ")
        self.decided(w, message(), "report.title", "refer", True, "1")
        w = world(ALL + " refer report.title to h1 ")
        self.decided(w, message(), "report.title", "refer", True, "1")
        # the clause's only when counts too
        w = world(agreement=HEAD + CLAUSE.format(1) + ALL + hide
                  + CLAUSE.format(2) + "only when report.count > 5 withhold "
                  "report.title ")
        self.decided(w, full, "report.title", "withhold", False, "2")

    def test_22_not_told_keeps_its_decision(self):
        w = world(ALL + " withhold subject.name when subject.name != \"x\" "
                  "because \"why\" ")
        f = fields(w, S)["subject.name", 0]
        self.assertEqual((f["decision"], f["told"], f["clause"], f["reason"],
                          f["value"]), ("withhold", False, "1", "why", None))

    def test_23_reducers(self):
        m = message(subject=[{"name": "ann 12 o'neil", "born": "1990-02-03",
                              "postcode": "cv21 3ab"}, {"name": "12 34"}],
                    report={"title": "T", "count": -250, "value": "12345.67"})

        def to(path, reducer, value, i=0, action="reduce"):
            self.assertEqual(cut(world(f" reduce {path} to {reducer} "), m,
                                 path, i),
                             (action, reducer if value else None, value))
        to("subject.born", "month", "1990-02")
        to("subject.born", "year", "1990")
        to("subject.born", "age-band", "30-39")
        to("subject.postcode", "sector", "CV21 3")
        to("subject.postcode", "district", "CV21")
        to("subject.postcode", "area", "CV")
        to("subject.name", "initials", "A.O.")
        to("subject.name", "initials", None, 1, "withhold")
        to("report.count", "band 100", "-300 to -201")
        to("report.value", "band 1000", "12000-12999")
        self.bad_rules(" reduce report.title to year ",
                       " reduce subject.born to band 10 ",
                       " reduce report.count to band ",
                       " reduce report.count to decade ",
                       " reduce report.notes to initials ")

    def test_24_masks(self):
        m = message(subject=[{"name": "Ann-Lee 4", "phone": "07700 900123"}],
                    vehicle=[{"plate": "ab12 cde"}])
        for path, mask, value in (
                ("subject.phone", "keep last 3", "***** ***123"),
                ("subject.phone", "keep first 4", "0770* ******"),
                ("subject.name", "keep first 2", "An*-*** *"),
                ("vehicle.plate", "keep last 3", "****CDE")):
            self.assertEqual(cut(world(f" mask {path} {mask} "), m, path),
                             ("mask", mask, value))
        for n, d in ((5, "mask"), (6, "withhold")):      # 11 digits
            self.assertEqual(cut(world(f" mask subject.phone keep last {n} "),
                                 m, "subject.phone")[0], d)
        self.bad_rules(" mask report.count keep last 1 ",
                       " mask report.notes keep last 1 ",
                       " mask subject.role keep last 1 ",
                       " mask subject.phone keep last 0 ")

    def test_25_codes_and_types(self):
        v = VOCAB.replace("codes letter P, C", "codes letter 1, 2")
        w = world(vocabulary=v, **{"a.agreement": HEAD + CLAUSE.format(1)
                                   + " release item.text when item.grading = "
                                   "1 release item.grading "})
        m = message(item=[{"text": "x", "grading": 1}])
        self.decided(w, m, "item.text", "release", True, "1")
        self.assertEqual(cut(w, m, "item.grading"), ("release", None, "1"))
        self.bad_rules(" release * when purpose < pursue ",
                       " release * when report.title < \"x\" ",
                       " release * when sender.kind >= police ")
        m = message(vehicle=[{"plate": "ab12 cde"}],
                    subject=[{"postcode": "cv213ab", "alert": True}])
        self.assertEqual(cut(world(ALL), m, "vehicle.plate")[2], "AB12CDE")
        self.assertEqual(cut(world(ALL), m, "subject.postcode")[2],
                         "CV21 3AB")
        for bad in ({"count": "5"}, {"count": 1.5}, {"value": 1.5},
                    {"value": "1e3"}, {"owner": "nobody"}, {"title": "a\tb"},
                    {"tags": "victim"}, {"tags": ["nothing"]},
                    {"title": None}, {"about": "subject/0"}):
            self.wrong(message(report={"title": "T", **bad}))
        for bad in ({"born": "1990-02-30"}, {"alert": "true"},
                    {"role": "nothing"}, {"postcode": "hello"}):
            self.wrong(message(subject=[bad]))

    def test_26_time(self):
        def by(head, clause="", **kw):
            w = world(agreement=head + CLAUSE.format(1) + clause + ALL)
            return line(w, message(**kw))["destroy-by"]
        plain = HEAD.replace("retain 10 years", "")
        self.assertEqual(by(plain + "retain 2 years"), "2028-06-15")
        self.assertEqual(by(plain + "retain 10 years"), "2030-12-31")
        self.assertEqual(by(plain + "retain 2 years", " retain 3 weeks "),
                         "2026-07-06")
        self.assertEqual(by(plain + "retain 2 years",
                            " retain 1 month when report.count > 5 "),
                         "2026-07-15")                   # cannot tell holds
        self.assertEqual(by(plain + "retain 2 years", " retain 1 month when "
                            "report.count > 5 ",
                            report={"title": "T", "count": 1}), "2028-06-15")
        for retain, ok in (
                ("", False), ("retain 1 day when marking = OPEN", False),
                ("retain 1 day when marking = OPEN retain 2 days when "
                 "marking != OPEN", True),
                ("retain 1 day when marking = OPEN retain 2 days when "
                 "not marking = OPEN and report.count = 1", False)):
            self.assertEqual(not world(agreement=plain + retain
                                       + CLAUSE.format(1) + ALL).errors, ok)
        w = world(ALL)                                   # the last day counts
        self.assertEqual(run(w, message(), at="2030-12-31T23:59:59Z")[0], 0)
        self.assertEqual(run(w, message(), at="2031-01-01T00:00:00Z")[0], 1)
        day = values.parse_date("2024-02-29")
        self.assertEqual(str(values.add_period(day, 1, "years")),
                         "2025-02-28")

    def test_26_destroy_by_head(self):
        w = world(agreement=HEAD + "retain 1 year when gateway = law retain "
                  "1 day when gateway = common" + CLAUSE.format(1) + ALL)
        self.assertEqual(line(w, message())["destroy-by"], "2027-06-15")

    def test_27_versions(self):
        v1 = HEAD + CLAUSE.format(1) + ALL
        v2 = v1.replace("a/1", "a/2").replace("starts 2026-01-01",
                                              "starts 2026-06-15")
        w = world(agreement=v1 + v2)
        self.assertEqual(run(w, message(agreement="a/1"))[0], 1)
        self.assertEqual(run(w, message(agreement="a/2"))[0], 0)
        self.assertEqual(run(w, message(agreement="a/1"),
                             at="2026-06-14T12:00:00Z")[0], 0)
        w = world(agreement=v1 + v2.replace("p1, c1, c2, h1", "p1, c2, h1")
                  .replace("to c1, c2, h1", "to c2"))
        self.assertEqual(run(w, message())[0], 1)        # left out, ended
        w = world(agreement=v1 + v2,
                  notice="notice withdraw a/2 by c2 on 2026-06-15")
        self.assertEqual(run(w, message())[0], 1)        # revives none

    def test_28_notices(self):
        base = {"agreement": HEAD + CLAUSE.format(1) + ALL}
        for text, codes in (
                ("notice suspend a/1 by c2 on 2026-06-14", 1),
                ("notice suspend a/1 by c2 on 2026-06-16", 0),
                ("notice suspend a/1 by c2 on 2026-06-13 notice resume a/1 "
                 "by c2 on 2026-06-14", 0),
                ("notice suspend a/1 by c2 on 2026-06-14 notice resume a/1 "
                 "by c2 on 2026-06-14", 1),
                ("notice suspend a/1 by c2 on 2026-06-13 notice resume a/1 "
                 "by h1 on 2026-06-14", 1),
                ("notice withdraw a/1 by c2 on 2026-06-13 notice resume a/1 "
                 "by c2 on 2026-06-14", 1)):
            self.assertEqual(run(world(notice=text, **base), message())[0],
                             codes, text)
        self.bad(notice="notice suspend a/1 by x1 on 2026-06-14", **base)
        g = (HEAD + " group g chair c1 members c2 clause 1 share note from "
             "p1 to g for prevent by law" + ALL)
        n = ("notice roster g by c1 add h1 on 2026-06-14 "
             "notice roster g by c1 remove h1 on 2026-06-14 "
             "notice roster g by c1 add c1 on 2026-06-15 ")
        got = lines(world(agreement=g, notice=n), message(to=["@g"]))
        self.assertEqual(sorted(got), ["c1", "c2"])
        self.bad(agreement=g, notice="notice roster g by c2 add h1 on "
                 "2026-06-14")

    def test_29_onward(self):
        got = message(originators={"subject.*": "h1"},
                      subject=[{"name": "a b"}])

        def w(onward, more=""):
            return world(agreement=HEAD + CLAUSE.format(1) + ALL
                         + " clause 2 share note from h1 to p1 for pursue by "
                         "law only when report.count = 99 " + onward
                         + " release * " + more)
        for onward, decision, told in (
                ("", "refer", False),
                ("onward refer to originator", "refer", False),
                ("onward withhold", "withhold", False),
                ("onward release", "release", True),
                ("onward release to c1", "release", True),
                ("onward release to c2", "refer", False),
                ("onward release for pursue", "refer", False),
                ("onward release to c1 for prevent", "release", True)):
            f = fields(w(onward), got)
            d = f["subject.name", 0]
            self.assertEqual((d["decision"], d["told"]), (decision, told))
            self.assertEqual(d["to"], "h1" if decision == "refer" else None)
            self.assertEqual(f["report.title", 0]["decision"], "release")
        # under every clause from it; none such: refer; back home: nothing
        x = w("onward release", " clause 3 share note from h1 to p1 for "
              "pursue by law onward withhold release * ")
        self.assertEqual(one(x, got, "subject.name")[0], "withhold")
        self.assertEqual(one(world(ALL), got, "subject.name"),
                         ("refer", False, None))
        self.assertEqual(one(world(ALL), dict(got, to=["h1"]),
                             "subject.name")[0], "release")

    def test_30_preview(self):
        m = message(originators={"*": "p1", "subject.*": "h1",
                                 "subject.name": "x1"},
                    subject=[{"name": "a b", "role": "victim"}])
        w = world(" release * when originator.name = p1 withhold "
                  "subject.name when originator.name = x1 ")
        self.decided(w, m, "report.title", "release", True, "1")
        self.assertEqual(cut(world(ALL), m, "subject.name")[1], "x1")
        self.assertEqual(cut(world(ALL), m, "subject.role")[1], "h1")
        self.wrong(message(originators={"subject.nothing": "h1"}))
        self.wrong(message(originators={"*": "nobody"}))
        m = message(item=[{"text": "x", "about": ["subject.0", "subject[1]"]}],
                    subject=[{"name": "a"}, {"name": "b"}])
        self.assertEqual(cut(world(ALL), m, "item.about")[2],
                         ["subject/0", "subject/1"])
        v2 = (HEAD.replace("t/1", "t/2").replace("a/1", "a/2").replace(
            "starts 2026-01-01", "starts 2027-01-01")
            + CLAUSE.format(1) + ALL)
        w = world(ALL, **{"v2.vocabulary": VOCAB.replace("t/1", "t/2"),
                          "a2.agreement": v2})
        self.assertEqual(run(w, message(to=["c1", "x1"]))[0], 2)
        self.assertEqual(run(w, message(to=["c1"]))[0], 0)

    def test_31_exit_codes(self):
        w = world(ALL)
        self.assertEqual(run(w, message(to=["c1", "x1"]))[0], 0)
        self.assertEqual(run(w, message(to=["x1"]))[0], 1)
        self.assertEqual(run(w, message(to=["x1", "zz"]))[0], 2)
        w = world(" release report.nothing release report.zip conceal 5 "
                  + CLAUSE.format(2) + " release * ")
        code, errors = evaluate.preview(w, b"{}", "p1",
                                        values.parse_time(AT))
        self.assertEqual(code, 2)
        w = world(" release report.nothing release report.zip ")
        self.assertEqual(len(w.errors), 2)               # all in one run
        self.assertRegex(w.errors[0], r"^a\.agreement:\d+:\d+: ")
        for data in (b"", b"{", b"[]", b'{"a":1,"a":2}', b"\xff", b"{}x",
                     b'{"type": NaN}', b"[" * 100000):
            self.assertEqual(evaluate.preview(
                world(ALL), data, "p1", values.parse_time(AT))[0], 2)


class Texts(Base):
    """Texts that are errors although no numbered rule says so alone."""

    def test_required_statements(self):
        whole = HEAD + CLAUSE.format(1) + ALL
        self.assertEqual(world(agreement=whole).errors, [])
        for gone in ("uses t/1", "parties p1, c1, c2, h1",
                     "purposes prevent, pursue", "starts 2026-01-01",
                     "ends 2030-12-31"):
            self.bad(agreement=whole.replace(gone, ""))

    def test_unknown_names(self):
        whole = HEAD + CLAUSE.format(1) + ALL
        for old, new in (("uses t/1", "uses t/2"), ("h1 ", "h9 "),
                         ("share note", "share nothing"),
                         ("from p1", "from x1"), ("by law", "by lore"),
                         ("for prevent", "for fun"),
                         ("vehicle.*", "vehicles.*"),
                         ("vehicle.*", "all nothing"),
                         ("vehicle.*", "vehicle.tyres"),
                         (ALL, " refer report.title to nobody ")):
            self.bad(agreement=whole.replace(old, new))

    def test_vocabulary(self):
        for name in ("kind", "purpose", "gateway", "marking"):
            self.bad(vocabulary=VOCAB.replace(f"codes {name}", "codes zzz"))
        self.bad(vocabulary=VOCAB.replace("marking ordered", "marking"))
        self.bad(vocabulary=VOCAB.replace("entity extra", "entity sender"))
        self.bad(vocabulary=VOCAB.replace("entity extra", "entity priority"))
        self.bad(vocabulary=VOCAB.replace("letter P, C", "letter P, type"))
        self.bad(vocabulary=VOCAB.replace("code letter", "code letters"))
        self.bad(vocabulary=VOCAB.replace("link subject", "link people"))


if __name__ == "__main__":
    unittest.main()
