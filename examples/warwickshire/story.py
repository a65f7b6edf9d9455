#!/usr/bin/env python3
"""Tell the Warwickshire story with real processes; examples/warwickshire/run
calls this after building. Ends with a table a chair could read, and exits 0 only
if everything in it held."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
EXCHANGE = "warwickshire-exchange"
PARTNERS = ["warwickshire-police", "warwickshire-trading-standards",
            "rugby-council", "hmrc", "immigration-enforcement"]
SHORT = {"warwickshire-police": "police",
         "warwickshire-trading-standards": "trading-standards",
         "immigration-enforcement": "immigration"}
ACTIONS = ["release", "reduce", "mask", "refer", "withhold", "conceal"]
WAIT_S = 20


def fail(text):
    sys.exit(f"story: {text}")


class Story:
    def __init__(self, build, where):
        self.build = pathlib.Path(build).resolve()
        self.where = where
        self.daemons = []
        self.began = time.monotonic()

    # ---- programs

    def program(self, name):
        for folder in ("broker", "agents"):
            path = self.build / folder / name
            if path.exists():
                return str(path)
        fail(f"{name} is not built in {self.build}")

    def run(self, name, *args, ok=(0,)):
        done = subprocess.run([self.program(name), *map(str, args)],
                              capture_output=True, text=True, check=False)
        if done.returncode not in ok:
            fail(f"{name} {' '.join(map(str, args))} ended with "
                 f"{done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def ask(self, *args, ok=(0,)):
        return json.loads(self.run("caveat", *args, "--json", ok=ok).stdout)

    def start(self, name, folder):
        log = open(folder / "log", "ab")
        self.daemons.append(subprocess.Popen(
            [self.program(name), "run", "--dir", str(folder)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True))

    def stop(self):
        for daemon in reversed(self.daemons):
            if daemon.poll() is None:
                daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def until(self, what, ready):
        end = time.monotonic() + WAIT_S
        while not ready():
            for daemon in self.daemons:
                if daemon.poll() is not None:
                    fail(f"{daemon.args[0]} stopped while {what}; see "
                         f"{daemon.args[-1]}/log")
            if time.monotonic() > end:
                fail(f"gave up {what} after {WAIT_S} s; the logs are in "
                     f"{self.where}")
            time.sleep(0.05)

    def say(self, text):
        print(f"{time.monotonic() - self.began:5.1f} s  {text}", flush=True)

    # ---- the story

    def agent(self, partner):
        return self.where / "agents" / partner

    def found(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            endpoint = f"tcp://127.0.0.1:{s.getsockname()[1]}"
        self.broker = self.where / "broker"
        (self.where / "agents").mkdir()
        self.run("caveat-broker", "init", "--dir", self.broker, "--name",
                 EXCHANGE, "--listen", endpoint)
        for partner in PARTNERS:
            self.run("caveat-agent", "init", "--dir", self.agent(partner),
                     "--name", partner, "--broker", endpoint,
                     "--broker-key", self.broker / "broker.pub")
        self.say(f"founded {EXCHANGE} and {len(PARTNERS)} agents, each with "
                 "four keys of its own")

    def sign(self):
        self.texts = self.where / "texts"
        self.texts.mkdir()
        for path in sorted(HERE.iterdir()):
            if path.suffix in (".vocabulary", ".standing", ".agreement",
                               ".partners"):
                shutil.copy(path, self.texts)
        for partner in PARTNERS:
            shutil.copy(self.agent(partner) / "enrolment",
                        self.texts / f"{partner}.enrolment")
        agreements = sorted(self.texts.glob("*.agreement"))
        # The umbrella is pinned by those below it: it is signed first.
        agreements.sort(key=lambda p: "under" in p.read_text())
        lines = 0
        for path in agreements:
            done = self.run("caveat", "agreement", "check", "--using",
                            self.texts, path)
            for party in parties(path):
                self.run("caveat", "agreement", "sign", path, "--using",
                         self.texts, "--dir", self.agent(party))
                lines += 1
        self.say(f"signed {len(agreements)} agreements: {lines} signatures, "
                 "each party with its own key")
        return agreements

    def open(self, agreements):
        for partner in PARTNERS:
            self.run("caveat-broker", "enrol", "--dir", self.broker,
                     self.agent(partner) / "enrolment")
        self.run("caveat-broker", "publish", "--dir", self.broker,
                 *self.texts.glob("*.vocabulary"),
                 *self.texts.glob("*.standing"), *agreements)
        self.start("caveat-broker", self.broker)
        self.until("waiting for the broker", lambda: self.run(
            "caveat-broker", "status", "--dir", self.broker,
            ok=(0, 1, 2, 3)).returncode == 0)
        for partner in PARTNERS:
            self.start("caveat-agent", self.agent(partner))
        for partner in PARTNERS:
            self.until(f"waiting for {partner}'s agent",
                       lambda p=partner: self.connected(p))
        self.say("enrolled the partners, published the texts, all are "
                 "connected over CURVE")

    def connected(self, partner):
        done = self.run("caveat", "status", "--dir", self.agent(partner),
                        "--json", ok=(0, 1, 2, 3))
        if done.returncode != 0:
            return False
        status = json.loads(done.stdout)
        return status["broker"]["connected"] and status["policy"] > 0

    def send(self):
        sent, copies = {}, {}
        records = sorted(HERE.glob("records/*/*.json"), key=lambda p: p.name)
        for path in records:
            answer = self.ask("send", path, "--dir",
                              self.agent(path.parent.name), ok=(0, 1))
            sent[answer["id"]] = path
        waiting = set(sent)
        self.until("waiting for the broker's results",
                   lambda: self.settle(waiting, sent, copies))
        total = sum(len(to) for to in copies.values())
        self.say(f"sent {len(sent)} records; {total} decisions, one a reader, "
                 "are on the record")
        return sent, copies

    def settle(self, waiting, sent, copies):
        for mid in list(waiting):
            partner = sent[mid].parent.name
            answer = self.ask("receipts", mid, "--dir", self.agent(partner),
                              ok=(0, 1))
            outcomes = [r["outcome"] for r in answer["recipients"]]
            if "queued" not in outcomes:
                copies[mid] = {r["partner"]: r["outcome"] for r in
                               answer["recipients"]}
                waiting.discard(mid)
        return not waiting

    def deliver(self, copies):
        expected = {p: sum(1 for to in copies.values()
                           if to.get(p) in ("accepted", "delivered"))
                    for p in PARTNERS}

        def all_there():
            return all(len(self.ask("inbox", "--dir", self.agent(p))["copies"])
                       >= n for p, n in expected.items())

        self.until("waiting for the copies", all_there)
        self.say("every copy is in its reader's own store, with a signed "
                 "receipt")

    def table(self, sent, copies):
        rows, sums, bad = [], dict.fromkeys(ACTIONS, 0), 0
        for mid, path in sent.items():
            sender = path.parent.name
            told = preview(self, path, sender)
            for reader, outcome in copies[mid].items():
                if outcome == "refused":
                    rows.append([mid, title(path), sender, reader]
                                + ["-"] * 6 + ["refused", ""])
                    continue
                shown = self.ask("show", mid, "--dir", self.agent(reader))
                counts = count(shown, told[reader])
                for action in ACTIONS:
                    sums[action] += counts[action]
                proof = shown["proof"]["verified"]
                signed = all(f.get("verified", True) for f in shown["fields"]
                             if f["decision"] == "release")
                bad += not (proof and signed)
                rows.append([mid, title(path), sender, reader]
                            + [counts[a] for a in ACTIONS]
                            + ["yes" if proof else "NO",
                               "yes" if signed else "NO"])
        print_table(rows, sums)
        for action in ACTIONS:
            if not sums[action]:
                fail(f"no field was decided '{action}'")
        if bad:
            fail(f"{bad} copies did not verify")

    def refuse(self):
        print("\nRefused, each with its reason:\n")
        for path in sorted(HERE.glob("refused/*/*.json"),
                           key=lambda p: p.name):
            partner = path.parent.name
            done = self.run("caveat", "send", path, "--dir",
                            self.agent(partner), "--json", ok=(1,))
            for r in json.loads(done.stdout)["recipients"]:
                if r["outcome"] != "refused":
                    fail(f"{path} to {r['partner']} was {r['outcome']}")
                print(f"  {path.stem[3:].replace('-', ' ')} ({SHORT.get(partner, partner)})")
                print(f"      {r['reason']}")

    def audit(self):
        out = self.where / "export"
        self.run("caveat", "audit", "export", "--dir", self.broker,
                 "--output", out)
        done = self.run("caveat", "audit", "verify", out, "--key",
                        self.broker / "broker.pub")
        print("\nThe exported log, checked with the log's key:\n")
        print("".join(f"  {line}\n" for line in done.stdout.splitlines()))


def parties(path):
    """The parties statement of an agreement, as its text has it."""
    text = " ".join(line.split("#")[0] for line in
                    path.read_text().splitlines())
    words = text.split(" parties ", 1)[1].replace(",", " , ").split()
    names = [words[0]]
    for comma, name in zip(words[1::2], words[2::2]):
        if comma != ",":
            break
        names.append(name)
    return names


def title(path):
    return path.stem[3:].replace("-", " ")


def preview(story, path, sender):
    """What the sender knows of each reader's copy: the concealed fields too."""
    answer = story.ask("preview", path, "--using", story.texts, "--from",
                       sender, ok=(0, 1))
    return {r["partner"]: r for r in answer["recipients"]}


def count(shown, told):
    """What the reader sees, and what the sender knows was concealed."""
    counts = dict.fromkeys(ACTIONS, 0)
    for field in shown["fields"]:
        counts[field["decision"]] += 1
    seen = {(f["path"], f["instance"]) for f in shown["fields"]}
    for field in told["fields"]:
        if (field["path"], field["instance"]) not in seen:
            counts["conceal"] += 1
    return counts


def print_table(rows, sums):
    head = ["message", "about", "from", "to", *ACTIONS, "proof", "signature"]
    rows = [[r[0].split("/")[1], r[1], SHORT.get(r[2], r[2]),
             SHORT.get(r[3], r[3]), *r[4:]] for r in rows]
    rows.append(["", "all", "", "", *[sums[a] for a in ACTIONS], "", ""])
    rows = [[str(c) for c in row] for row in rows]
    width = [max(len(row[i]) for row in [head, *rows])
             for i in range(len(head))]
    print("\nWhat was disclosed, field by field:\n")
    for row in [head, *rows]:
        cells = [c.rjust(width[i]) if 4 <= i < 10 else c.ljust(width[i])
                 for i, c in enumerate(row)]
        print("  " + "  ".join(cells).rstrip())


def next_steps(story):
    police = story.agent("warwickshire-police")
    council = story.agent("rugby-council")
    print(f"""Everything is still running. Try, in another terminal:

  export PATH={story.build}/agents:{story.build}/broker:$PATH
  caveat inbox --dir {council}
  caveat show ID --dir {council}
  caveat send {HERE}/records/warwickshire-police/06-county-line.json --dir {police}
  caveat-broker status --dir {story.broker}
  caveat-broker suspend rugby-council --dir {story.broker}
  caveat audit verify {story.broker} --key {story.broker}/broker.pub

Stop it with:  kill {' '.join(str(d.pid) for d in story.daemons)}""")


def main():
    parser = argparse.ArgumentParser(prog="examples/warwickshire/run")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--dir", help="where the story lives; kept")
    parser.add_argument("--stay", action="store_true",
                        help="leave everything running")
    args = parser.parse_args()
    os.umask(0o077)
    if args.dir:
        where = pathlib.Path(args.dir).resolve()
        if where.exists() and any(where.iterdir()):
            fail(f"'{where}' is not empty; give a new folder")
        where.mkdir(parents=True, exist_ok=True)
    else:
        where = pathlib.Path(tempfile.mkdtemp(prefix="caveat-"))
    story = Story(args.build, where)
    kept = False
    try:
        story.found()
        agreements = story.sign()
        story.open(agreements)
        sent, copies = story.send()
        story.deliver(copies)
        story.table(sent, copies)
        story.refuse()
        story.audit()
        if args.stay:
            next_steps(story)
            kept = True
        else:
            story.say(f"done{': all of it is in ' + str(where) if args.dir else ''}")
    except SystemExit:
        kept = bool(args.dir)
        story.stop()
        raise
    finally:
        if not (args.stay and kept):
            story.stop()
            if not args.dir:
                shutil.rmtree(where, ignore_errors=True)


if __name__ == "__main__":
    main()
