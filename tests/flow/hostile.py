#!/usr/bin/env python3
"""Wrong records and wrong texts: every fault is named in one run, nothing is
shown that drives a terminal, and no size or depth costs more than moments and
a bounded memory."""

import copy
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time
import unicodedata

from story import main

CAVEAT = os.environ["CAVEAT_CAVEAT"]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "warwickshire"
GOOD = json.loads((EXAMPLE / "records" / "rugby-council" /
                   "01-cuckooing.json").read_text())
MIB = 1 << 20
MEMORY = 512 * MIB  # address space of one run
SECONDS = 20        # generous: the machine may be busy, or sanitized
SANITIZED = bool(os.environ.get("CAVEAT_SANITIZED"))


def bounded():
    if not SANITIZED:  # AddressSanitizer maps terabytes of shadow
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def caveat(*args, stdin=b"", code=2):
    """Run it; its standard error, after checking that it is fit to show."""
    began = time.monotonic()
    done = subprocess.run([CAVEAT, *map(str, args)], input=stdin,
                          capture_output=True, preexec_fn=bounded,
                          timeout=60)
    took = time.monotonic() - began
    said = done.stderr.decode("utf-8")
    assert done.returncode == code, (done.returncode, said[:2000])
    assert took < SECONDS, took
    for c in said:
        assert c == "\n" or unicodedata.category(c) not in (
            "Cc", "Cf", "Zl", "Zp"), (c, said[:2000])
    assert len(said) < 200_000, len(said)
    return said


def preview(record, *said, code=2):
    """The record is refused as wrong, and each of `said` is on stderr."""
    if not isinstance(record, bytes):
        record = json.dumps(record).encode()
    told = caveat("preview", "--using", EXAMPLE, "--from", "rugby-council",
                  "--at", "2026-11-22T10:00:00Z", "-", stdin=record, code=code)
    for text in said:
        assert text in told, (text, told[:2000])
    return told


def check(said, name, text, code=2):
    """Check one more text beside the example's."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        told = caveat("agreement", "check", "--using", EXAMPLE, path,
                      code=code)
    for line in said:
        assert line in told, (line, told[:2000])
    return told


def changed(**header):
    record = copy.deepcopy(GOOD)
    record.update({key.replace("_", "-"): value
                   for key, value in header.items()})
    return record


def within(entity, instance, **fields):
    record = copy.deepcopy(GOOD)
    record[entity][instance].update(fields)
    return record


def what_is_not_json_is_placed():
    cases = [
        (b"", "not JSON"), (b"\xff\xfe{\x00}\x00", "not JSON"),
        (b"{", "not JSON"), (b"[]", "a record is an object"),
        (b"null", "not JSON"), (json.dumps(GOOD).encode() + b"x", "near 'x'"),
        (b'{"type": "a",\n "type": "b"}', ":2:7: not JSON: duplicate"),
        (b'{"subject": [{"name": "a", "name": "b"}]}', "duplicate"),
        (b'{"a": "\\u0000"}', "not JSON"), (b'{"a": "\\ud800"}', "not JSON"),
        (b'{"a": "\xed\xa0\x80"}', "not JSON"),
        (b'{"a": "\xc0\xaf"}', "not JSON"), (b'{"a": "\x1b[2J"}', "not JSON"),
        (b'{"a": 1e999}', "not JSON"), (b'{"a": ' + b"9" * 5000 + b"}",
                                        "not JSON"),
        (b"[" * 500_000, "depth"), (b'{"a":' * 100_000, "depth"),
        (b'{"a": NaN}', "not JSON"), (b"{'a': 1}", "not JSON"),
    ]
    for text, said in cases:
        preview(text, said)


def wrong_names_are_told_with_their_path_and_the_nearest():
    subject = copy.deepcopy(GOOD)
    subject["subject"][1]["bron"] = "1990"
    subject["item"][0]["txt"] = "x"
    subject["report"]["tittle"] = "x"
    preview(subject, "subject[1].bron: no field 'subject.bron'",
            "did you mean 'subject.born'?", "item[0].txt: ",
            "did you mean 'item.text'?", "report.tittle: ",
            "did you mean 'report.title'?")
    preview(changed(subjekt=[{}]), "subjekt: ", "did you mean 'subject'?")
    preview(changed(agrement="x"), "did you mean 'agreement'?")
    preview(changed(type="intelligence-reprot"),
            "did you mean 'intelligence-report'?")
    preview(changed(to=["warwickshire-polise"]),
            "did you mean 'warwickshire-police'?")
    preview(changed(originators={"subject.bron": "hmrc"}),
            "did you mean 'subject.born'?")
    preview(within("subject", 0, name={"first": {"deep": [{"er": 1}]}}),
            "subject[0].name: a text in quotes was expected, found an object")


def wrong_types_are_told_with_their_path():
    odd = [1, 1.5, True, None, [], {}, [[]], [{}], ""]
    for key in ("type", "agreement", "purpose", "marking", "officer",
                "priority", "handling-instruction", "embargo-until"):
        for value in odd[:-1]:
            preview(changed(**{key: value}), f"{key}: ")
    for value in odd:
        preview(changed(to=value), "to")
        preview(changed(subject=value) if value != [] else
                changed(subject=[1]), "subject")
        preview(changed(report=value), "report")
    for value in [v for v in odd if not isinstance(v, str)]:
        preview(within("subject", 0, name=value), "subject[0].name: ")
    for value in (1e300, 10 ** 18, -1, 2 ** 63 - 1, -2 ** 63):
        preview(within("item", 0, source=value), "item[0].source: ")


def text_that_would_drive_a_terminal_is_not_shown():
    for bad in ("\x1b[2J", "a\nb", "\u202eevil", "\u2028", "\x7f", "\u200b",
                "\ufeff", "\U000e0041", "\x9b31m"):
        preview(within("subject", 0, **{bad: 1}), "subject[0].")
        preview(changed(**{"x" + bad: 1}), "no such part")
        preview(changed(to=[bad]), "to: ")
        for key in ("type", "purpose", "marking"):
            preview(changed(**{key: bad}), f"{key}: ")
        preview(changed(originators={bad: "hmrc"}), "originators: ")
        preview(changed(originators={"*": bad}), "originators.*: ")
    preview(within("subject", 0, name="\u202eevil"), "subject[0].name")
    preview(within("subject", 0, **{"\u00e9" * 400: 1}), "subject[0].")
    preview(within("subject", 0, name="e\u0301" * 2000), code=0)


def sizes_stop_at_their_limits():
    text = json.dumps(GOOD).encode()
    preview(text + b" " * (MIB - len(text)), code=0)
    preview(text + b" " * (MIB + 1 - len(text)), "1048576 bytes")
    people = [{"name": f"N{i}"} for i in range(257)]
    preview(changed(subject=people), "subject: more than 256 of them")
    people = [{"name": f"N{i}", "born": "1990-01-01", "sex": "F",
               "postcode": "CV21 2AB", "nationality": "GB"}
              for i in range(256)]
    preview(changed(subject=people), "more than 1024 fields")
    for key, most in (("type", 64), ("agreement", 75), ("purpose", 64),
                      ("marking", 64), ("handling-instruction", 1024)):
        preview(changed(**{key: "a" * (most + 1)}),
                f"{key}: more than {most} bytes")
        preview(changed(**{key: "a" * 900_000}), f"{key}: more than")
    preview(changed(to=["hmrc"] * 257), "to: a list of 1 to 256")
    preview(changed(to=["h" * 900_000]), "to: ")


def a_hundred_thousand_faults_cost_moments():
    many = {f"k{i}": 1 for i in range(80_000)}
    told = preview(within("subject", 0, **many), "subject[0].k0: ", " more\n")
    assert told.count("\n") == 51, told.count("\n")
    preview(changed(**many), "k0: ", " more\n")
    preview(changed(originators={k: "nobody" for k in list(many)[:50_000]}),
            "originators: ", " more\n")
    preview(within("item", 0, about=["subject/0"] * 80_000), "item[0].about")
    preview(within("item", 0, about=["x/9"] * 100_000), "item[0].about")


BROKEN = """agreement broken/1
uses soc/1
parties warwickshire-police, rugby-counci1, hmrc
purposes protekt
starts 2026-02-30
ends 2027-01-01
retain 1 yeer
group g "G" chair nobody members hmrc
clause 1 share intelligence-reprot from warwickshire-police to hmrc
  for protekt by nowhere
  release subject.nmae
  reduce subject.born to yeer
  withhold subject.born when subject.sex = X
clause 1 share gain-referral from hmrc to g for protekt by nowhere release *
"""


def ten_mistakes_are_ten_errors_in_one_run():
    told = check((), "broken.agreement", BROKEN)
    errors = [line for line in told.splitlines()
              if "broken.agreement:" in line and ": warning:" not in line]
    assert len(errors) >= 10, told
    assert "\n\n" not in told, told
    places = [tuple(map(int, e.split("broken.agreement:")[1].split(":")[:2]))
              for e in errors]
    assert places == sorted(places), places


def texts_stop_at_their_limits():
    head = ("agreement big/1 uses soc/1 parties hmrc, rugby-council "
            "purposes protect starts 2026-01-01 ends 2027-01-01 "
            "retain 1 year\n")
    clause = ("clause {} share intelligence-report from hmrc to rugby-council "
              "for protect by cda-s115 release *{}\n")
    check(("1048576",), "big.agreement", head + " " * MIB)
    check(("more than 1000 problems",), "big.agreement", head + "".join(
        f"clause {i % 10}\n" for i in range(100_000)))
    check(("more than 1024 clauses",), "big.agreement", head + "".join(
        clause.format(i, "") for i in range(8_000)))
    deep = " when " + "(" * 100_000 + "subject.sex = F" + ")" * 100_000
    check(("nested 32 deep",), "deep.agreement", head + clause.format(1, deep))
    deep = " when " + "not " * 200_000 + "subject.sex = F"
    check(("nested 32 deep",), "deep.agreement", head + clause.format(1, deep))
    wide = " when " + " or ".join(["subject.sex = F"] * 40_000)
    check(("more than 256 comparisons",), "wide.agreement",
          head + clause.format(1, wide))
    check(("more than 1000",), "names.agreement",
          head + "parties " + ", ".join(f"p{i}" for i in range(100_000)))
    check(("more than 256 entities",), "x.vocabulary",
          "vocabulary x/1\n" + "".join(
        f"entity e{i} f text\n" for i in range(40_000)))
    check(("more than 4096 codes",), "x.vocabulary",
          "vocabulary x/1\ncodes kind " + ", ".join(
        f"c{i}" for i in range(100_000)))
    check(("more than 1000 problems",), "x.standing", "standing x/1\n" * 70_000)
    check(("more than 1000 problems",), "x.notice", "notice " * 140_000)
    check(("no closing",), "x.agreement", '"' + "a" * (MIB - 2))
    check(("expected 'agreement'",), "x.agreement", "a" * MIB)


def text_files_of_any_bytes_are_refused_in_words():
    for text in (b"\xff" * 1000, b"\0" * 1000, b"\x1b[2J" * 100,
                 "\u202e\u2028".encode() * 100, b"\xc3", b"agreement \x1b/1",
                 "agreement \u202ex/1 uses \u200b".encode(),
                 b"\r\n" * 1000 + b"\x07", os.urandom(4096)):
        for ending in ("agreement", "vocabulary", "standing", "notice",
                       "partners"):
            check((f"x.{ending}",), f"x.{ending}", text)


main([
    what_is_not_json_is_placed,
    wrong_names_are_told_with_their_path_and_the_nearest,
    wrong_types_are_told_with_their_path,
    text_that_would_drive_a_terminal_is_not_shown,
    sizes_stop_at_their_limits,
    a_hundred_thousand_faults_cost_moments,
    ten_mistakes_are_ten_errors_in_one_run,
    texts_stop_at_their_limits,
    text_files_of_any_bytes_are_refused_in_words,
])
