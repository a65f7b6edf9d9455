"""A whole exchange of real processes for the flow tests: a broker and three
agents, each with its own folder and keys, over CURVE on loopback."""

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
import traceback

PARTNERS = ("police", "council", "hmrc")
WAIT_S = 20

VOCABULARY = """
vocabulary v/1
codes kind police, council, hmrc
codes purpose prevent, pursue
codes gateway common-law
codes marking ordered OFFICIAL, SECRET
entity report
  title  text required
  secret text
entity subject
  name   text
  born   date
  health text sensitive
record report
  one   report
  many  subject
"""
AGREEMENT = """
agreement a/1 "Police, council and HMRC"
  uses v/1
  parties police, council, hmrc
  purposes prevent
  contact "Information governance"
  basis "common law"
  starts 2020-01-01
  review 2098-01-01
  ends 2099-12-31
  retain 2 years
clause 1 "All to all"
  share report
  from police, council, hmrc
  to police, council, hmrc
  for prevent
  by common-law
  release report.title, subject.name
  reduce subject.born to year
  withhold subject.health because "health is asked for"
  release all sensitive
  conceal report.secret
"""
PARTNERS_TEXT = """
partner police kind police clearance SECRET
partner council kind council clearance OFFICIAL
partner hmrc kind hmrc clearance SECRET
"""


def program(name):
    return os.environ["CAVEAT_" + name.upper().replace("-", "_")]


class Exchange:
    """`with Exchange() as x:` is a running exchange; x.dir goes at the end."""

    def __init__(self, start=True):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="caveat-flow-"))
        self.daemons = {}
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.endpoint = f"tcp://127.0.0.1:{s.getsockname()[1]}"
        self.found()
        if start:
            self.start("broker")
            for p in PARTNERS:
                self.start(p)
            for p in PARTNERS:
                self.connected(p)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for name in list(self.daemons):
            self.stop(name)
        if kind:
            for log in sorted(self.dir.glob("*/log")):
                print("#", log.parent.name)
                print("".join("#   " + line for line in
                              log.read_text().splitlines(True)[-8:]))
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- programs

    def run(self, name, *args, ok=(0,), text=None):
        done = subprocess.run([program(name), *map(str, args)], input=text,
                              capture_output=True, text=True, check=False)
        assert done.returncode in ok, (
            f"{name} {args} ended with {done.returncode}: "
            f"{done.stdout}{done.stderr}")
        return done

    def caveat(self, who, *args, ok=(0,), text=None):
        done = self.run("caveat", *args, "--json", "--dir", self.dir / who,
                        ok=ok, text=text)
        return json.loads(done.stdout) if done.stdout else None

    def broker(self, *args, ok=(0,)):
        return self.run("caveat-broker", args[0], "--dir",
                        self.dir / "broker", *args[1:], ok=ok)

    def start(self, name):
        daemon = "caveat-broker" if name == "broker" else "caveat-agent"
        log = open(self.dir / name / "log", "ab")
        self.daemons[name] = subprocess.Popen(
            [program(daemon), "run", "--dir", str(self.dir / name)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        if name == "broker":
            self.until("the broker runs", lambda: self.broker(
                "status", ok=(0, 1, 2, 3)).returncode == 0)
        else:
            self.until(f"{name} answers", lambda: self.status(name))

    def stop(self, name, how=signal.SIGTERM):
        daemon = self.daemons.pop(name)
        daemon.send_signal(how)
        try:
            daemon.wait(15)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
            raise AssertionError(f"{name} did not stop")
        if how == signal.SIGTERM:
            assert daemon.returncode == 0, (name, daemon.returncode)

    def kill(self, name):
        self.stop(name, signal.SIGKILL)

    def until(self, what, ready, seconds=WAIT_S):
        end = time.monotonic() + seconds
        while True:
            got = ready()
            if got:
                return got
            assert time.monotonic() < end, f"gave up waiting until {what}"
            time.sleep(0.05)

    # ---- the exchange

    def found(self):
        texts = self.dir / "texts"
        texts.mkdir()
        self.broker("init", "--name", "exchange", "--listen", self.endpoint)
        for p in PARTNERS:
            self.run("caveat-agent", "init", "--dir", self.dir / p, "--name",
                     p, "--broker", self.endpoint, "--broker-key",
                     self.dir / "broker" / "broker.pub")
            shutil.copy(self.dir / p / "enrolment", texts / f"{p}.enrolment")
        (texts / "v.vocabulary").write_text(VOCABULARY)
        (texts / "p.partners").write_text(PARTNERS_TEXT)
        agreement = texts / "a.agreement"
        agreement.write_text(AGREEMENT)
        for p in PARTNERS:
            self.run("caveat", "agreement", "sign", agreement, "--dir",
                     self.dir / p)
            self.broker("enrol", self.dir / p / "enrolment")
        self.broker("publish", texts / "v.vocabulary", agreement)

    def status(self, who):
        done = self.run("caveat", "status", "--json", "--dir",
                        self.dir / who, ok=(0, 3))
        return json.loads(done.stdout) if done.returncode == 0 else None

    def connected(self, who):
        def ready():
            s = self.status(who)
            return s and s["broker"]["connected"] and s["policy"] > 0
        self.until(f"{who} is connected", ready)

    def send(self, who, ok=(0,), **change):
        record = {"type": "report", "to": ["council"], "agreement": "a",
                  "purpose": "prevent", "marking": "OFFICIAL",
                  "report": {"title": "t", "secret": "s"}}
        record.update(change)
        return self.caveat(who, "send", "-", ok=ok, text=json.dumps(record))

    def inbox(self, who):
        return [c["id"] for c in self.caveat(who, "inbox")["copies"]]

    def holds(self, who, ids):
        """Wait until the inbox has all of @ids, then: each once."""
        want = set(ids)
        self.until(f"{who} holds all", lambda: want <= set(self.inbox(who)))
        got = self.inbox(who)
        assert len(got) == len(set(got)), f"twice in the inbox: {got}"

    def log(self, who):
        return (self.dir / who / "log").read_text()

    def verify(self):
        """The log, exported and verified offline."""
        out = self.dir / "export"
        self.run("caveat", "audit", "export", "--dir", self.dir / "broker",
                 "--output", out)
        self.run("caveat", "audit", "verify", out, "--key",
                 self.dir / "broker" / "broker.pub")


def main(tests):
    """Run them all, a TAP line each."""
    print(f"1..{len(tests)}", flush=True)
    bad = 0
    for i, test in enumerate(tests, 1):
        began = time.monotonic()
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {i} - {name} # {time.monotonic() - began:.1f} s",
                  flush=True)
        except Exception:
            bad += 1
            print("".join("# " + line for line in
                          traceback.format_exc().splitlines(True)))
            print(f"not ok {i} - {name}", flush=True)
    sys.exit(1 if bad else 0)
