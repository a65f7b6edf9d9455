#!/usr/bin/env python3
"""Random cases through caveat's preview and through the reference evaluator.

Each folder of texts is written once and many messages are previewed in it.
Compared are the exit code and, per recipient, what rule 30 prints; reasons
only where a `because` gives them.  A difference is shrunk to a minimal case
by leaving out whatever is not needed for it, and left in a folder that is
named.  Exit 0: no difference; 1: there is one; 2: wrong usage.
"""
import argparse
import copy
import json
import os
import re
import secrets
import select
import subprocess
import sys
import tempfile
import time

import evaluate
import generate
import language
import values

LINE_KEYS = ("outcome", "clause", "destroy-by")
FIELD_KEYS = ("decision", "told", "to", "clause", "value")
SHRINK_CALLS = 4000
TIMEOUT = 20


# ---- the two answers -----------------------------------------------------------

class Product:
    """The one door to the product: a process of ask.c, started again if it
    ends or hangs."""

    def __init__(self, program):
        self.program, self.process = program, None
        self.complaint = None

    def ask(self, folder, file, sender, at):
        """(exit code, document or None) of one preview."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [self.program], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE)
        self.process.stdin.write("\t".join(
            (folder, sender, at, file)).encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], TIMEOUT)
        if not ready:
            self.process.kill()
            self.process.wait()
            return "timeout", None
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            return f"end {self.process.wait()}", None
        code, rest = int(line[:1]), line[2:].decode()
        self.complaint = rest if code == 2 else None
        return code, None if code == 2 else json.loads(rest)


def ask_oracle(world, data, sender, at):
    code, out = evaluate.preview(world, data, sender, values.parse_time(at))
    return code, out if code < 2 else None


# ---- comparing -----------------------------------------------------------------

def by_name(doc):
    lines = {}
    for x in doc["recipients"]:
        fields = {(f["path"], f["instance"]): f for f in x.get("fields") or
                  []}
        lines[x["partner"]] = (x, fields)
    return lines


def differences(want, got):
    """[(kind, sentence)]: what the product says otherwise."""
    if want[0] != got[0]:
        return [(f"exit {want[0]} not {got[0]}",
                 f"exit code: oracle {want[0]}, product {got[0]}")]
    if want[1] is None:
        return []
    try:
        return document_differences(want[1], got[1])
    except (KeyError, TypeError, AttributeError) as e:
        return [("form", f"the document lacks its form: {e!r}")]


def document_differences(want, got):
    out = []
    a, b = by_name(want), by_name(got)
    if set(a) != set(b):
        out.append(("recipients", f"recipients: oracle {sorted(a)}, product "
                    f"{sorted(b)}"))
    for p in sorted(set(a) & set(b)):
        (x, xf), (y, yf) = a[p], b[p]
        out += said_otherwise(p, x, y, LINE_KEYS)
        # the page does not say in which order
        if set(xf) != set(yf):
            out.append(("fields", f"{p}: fields: oracle {sorted(xf)}, product "
                        f"{sorted(yf)}"))
        for k in xf:
            if k in yf:
                out += said_otherwise(f"{p} {k[0]}/{k[1]}", xf[k], yf[k],
                                      FIELD_KEYS)
    return out


def said_otherwise(where, x, y, keys):
    # only a `because` fixes the words of a reason
    if x["reason"] and x["clause"] == y["clause"] and (
            "decision" in x or x["clause"]
            and x["reason"] != evaluate.UNSAID):
        keys += ("reason",)
    out = []
    for k in keys:
        # True is not 1 and 1 is not 1.0
        if json.dumps(x[k]) != json.dumps(y[k]):
            kind = f"{k} of {x['decision']}" if "decision" in x else \
                f"{k} of a line"
            if k == "decision":
                kind += f" not {y[k]}"
            out.append((kind, f"{where}: {k}: oracle {json.dumps(x[k])}, "
                        f"product {json.dumps(y[k])}"))
    return out


# ---- one case ------------------------------------------------------------------

class Case:
    """A folder of texts (as lines), a document, a sender, a time."""

    def __init__(self, texts, doc, sender, at):
        self.texts, self.doc = texts, doc
        self.sender, self.at = sender, at

    def write(self, folder):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        write_texts(folder, self.texts)
        file = os.path.join(folder, "message.json")
        with open(file, "w") as f:
            json.dump(self.doc, f, indent=1)
        return file

    def run(self, product, folder):
        """The differences of this case alone."""
        file = self.write(folder)
        want = ask_oracle(load(self.texts), json.dumps(
            self.doc, indent=1).encode(), self.sender, self.at)
        got = product.ask(folder, file, self.sender, self.at)
        return differences(want, got)


def load(texts):
    return language.load_texts({k: generate.text_of(v)
                                for k, v in texts.items()})


def write_texts(folder, texts):
    for name, lines in texts.items():
        with open(os.path.join(folder, name), "w") as f:
            f.write(generate.text_of(lines))


# ---- shrinking -----------------------------------------------------------------

class Shrinker:
    """Leaves out what it can while a difference of the same kind stays."""

    def __init__(self, product, case, kind):
        self.product, self.case, self.kind = product, case, kind
        self.calls = 0

    def still(self, case):
        if self.calls >= SHRINK_CALLS:
            return False
        self.calls += 1
        with tempfile.TemporaryDirectory() as d:
            found = case.run(self.product, d)
        if any(k == self.kind for k, _ in found):
            self.case = case
            return True
        return False

    def with_(self, texts=None, doc=None):
        return Case(self.case.texts if texts is None else texts,
                    self.case.doc if doc is None else doc,
                    self.case.sender, self.case.at)

    def run(self):
        before = None
        while before != (self.case.texts, self.case.doc):
            before = (self.case.texts, self.case.doc)
            self.document()
            self.files()
            self.lines()
            self.words()
        return self.case

    def document(self):
        """Leave out keys, instances, list entries of the message."""
        again = True
        while again:
            again = False
            for path in spots(self.case.doc):
                doc = copy.deepcopy(self.case.doc)
                at = doc
                for p in path[:-1]:
                    at = at[p]
                del at[path[-1]]
                if self.still(self.with_(doc=doc)):
                    again = True
                    break

    def files(self):
        for name in list(self.case.texts):
            texts = {k: v for k, v in self.case.texts.items() if k != name}
            self.still(self.with_(texts=texts))

    def lines(self):
        for name in list(self.case.texts):
            for size in (16, 8, 4, 3, 2, 1):
                i = 0
                while i < len(self.case.texts[name]):
                    lines = self.case.texts[name]
                    less = lines[:i] + lines[i + size:]
                    if not self.still(self.with_(
                            texts={**self.case.texts, name: less})):
                        i += 1

    def words(self):
        """Leave out pieces of lines: list entries, parts of conditions."""
        for name in list(self.case.texts):
            i = 0
            while i < len(self.case.texts[name]):
                for size in (6, 4, 3, 2, 1):
                    self.pieces(name, i, size)
                i += 1

    def pieces(self, name, i, size):
        k = 0
        while True:
            lines = self.case.texts[name]
            words = re.findall(r'"[^"]*"|[,()]|[^\s,()"]+|"', lines[i])
            if k >= len(words):
                return
            less = words[:k] + words[k + size:]
            less = lines[:i] + [" ".join(less)] + lines[i + 1:]
            if not self.still(self.with_(
                    texts={**self.case.texts, name: less})):
                k += 1


def spots(doc, path=()):
    """Every place of a document, outermost first."""
    here = doc.items() if isinstance(doc, dict) else enumerate(doc) \
        if isinstance(doc, list) else ()
    out = [path + (k,) for k, _ in here]
    for k, v in list(here) if isinstance(doc, dict) else list(enumerate(
            doc)) if isinstance(doc, list) else ():
        out += spots(v, path + (k,))
    return out


def keep(product, case, kind, seed, where):
    """Shrink a case and leave it; what a person needs to look at it."""
    case = Shrinker(product, case, kind).run()
    folder = tempfile.mkdtemp(prefix="difference-", dir=where)
    found = case.run(product, folder)
    with open(os.path.join(folder, "how.txt"), "w") as f:
        f.write(f"seed {seed}\ncaveat preview message.json --json --using . "
                f"--from {case.sender} --at {case.at}\n\n")
        f.writelines(s + "\n" for _, s in found)
    return folder, found


# ---- many ----------------------------------------------------------------------

def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--ask", required=True, help="the program of ask.c")
    p.add_argument("--seed", help="otherwise a random one, printed")
    p.add_argument("--count", type=int, default=500)
    p.add_argument("--seconds", type=float, help="begin no folder later")
    p.add_argument("--kinds", type=int, default=1,
                   help="how many kinds of difference to shrink")
    p.add_argument("--output", help="where to leave cases")
    args = p.parse_args()
    if not os.access(args.ask, os.X_OK):
        p.error(f"{args.ask}: not a program")
    if args.output:
        os.makedirs(args.output, exist_ok=True)
    seed = args.seed or secrets.token_hex(4)
    print(f"seed {seed}", flush=True)
    product, start = Product(args.ask), time.monotonic()
    total, differ, kinds = 0, 0, {}
    for name, texts, msgs in generate.cases(seed, args.count):
        if args.seconds and time.monotonic() - start > args.seconds:
            break
        for case, found in folder_cases(product, texts, msgs):
            total += 1
            differ += bool(found)
            for kind, sentence in found[:1]:
                kinds[kind] = kinds.get(kind, 0) + 1
                if kinds[kind] > 1 or len(kinds) > args.kinds:
                    continue
                print(f"{name}: {sentence}", flush=True)
                where, small = keep(product, case, kind, name,
                                    args.output)
                print(f"  shrunk into {where}", flush=True)
                for _, s in small:
                    print(f"    {s}", flush=True)
    for kind, n in sorted(kinds.items(), key=lambda x: -x[1]):
        print(f"{n:6} {kind}")
    print(f"{total} cases, {differ} differences")
    return 1 if differ else 0


def folder_cases(product, texts, msgs):
    """Yield (case, differences) of each message in one folder."""
    world = load(texts)
    with tempfile.TemporaryDirectory() as d:
        write_texts(d, texts)
        for n, (doc, sender, at) in enumerate(msgs):
            case = Case(texts, doc, sender, at)
            data = json.dumps(doc, indent=1).encode()
            file = os.path.join(d, f"{n}.json")
            with open(file, "wb") as f:
                f.write(data)
            yield case, differences(
                ask_oracle(world, data, sender, at),
                product.ask(d, file, sender, at))


if __name__ == "__main__":
    sys.exit(main())
