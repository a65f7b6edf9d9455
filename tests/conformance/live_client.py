#!/usr/bin/python3
"""Two partners who have only caveat-wire(7) talk through a real broker.

    live_client.py CAVEAT-BROKER

alpha sends bravo a note; bravo verifies the copy against alpha's signature and
the log, and signs for it; alpha learns that it was delivered.
"""

import base64
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import msgpack
import zmq
import zmq.utils.z85
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import wire_client as wire

VOCABULARY = """vocabulary soc/1 "Test"
codes kind police, council
codes purpose prevent, pursue
codes gateway common-law
codes marking ordered OFFICIAL, OFFICIAL-SENSITIVE, SECRET
classes identifying
entity report "What is reported"
  title text required
  health text sensitive
entity subject "A person"
  name text identifying
  born date identifying
record note "A note"
  one report
  many subject
"""

AGREEMENT = """agreement local/1 "Local"
  uses soc/1
  parties alpha, bravo
  purposes prevent
  basis "Common law"
  contact "The governance lead"
  starts 2026-01-01
  review 2039-12-01
  ends 2040-12-31
  retain 2 years
{identities}  pin soc/1 "{pin}"
clause 1 "Notes"
  share note
  from alpha
  to bravo
  for prevent
  by common-law
  release report.title, subject.name
  reduce subject.born to year
"""

WAIT_MS = 10000


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def raw_public(key):
    return key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def raw_private(key):
    return key.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
        serialization.NoEncryption())


def b64(data):
    return base64.b64encode(data).decode()


def vkey(name, key):
    raw = b"\1" + raw_public(key)
    key_id = wire.sha(name.encode(), b"\n", raw)[:4]
    return f"{name}+{key_id.hex()}+{b64(raw)}"


def signature_line(text, name, key):
    key_id = wire.sha(name.encode(), b"\n\1", raw_public(key))[:4]
    return f"\u2014 {name} {b64(key_id + key.sign(text.encode()))}\n"


class Partner:
    def __init__(self, name):
        self.name = name
        self.curve = X25519PrivateKey.generate()
        self.message, self.witness, self.agree = (
            Ed25519PrivateKey.generate() for _ in range(3))
        self.socket = None

    def enrolment(self):
        signers = [(self.name, self.agree),
                   (self.name + "/message", self.message),
                   (self.name + "/witness", self.witness)]
        text = (f"caveat enrolment v1\npartner {self.name}\n"
                f"curve {b64(raw_public(self.curve))}\n"
                f"message {vkey(*signers[1])}\nwitness {vkey(*signers[2])}\n"
                f"agree {vkey(*signers[0])}\n")
        return text + "\n" + "".join(
            signature_line(text, *signer) for signer in signers)

    def connect(self, context, endpoint, server):
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.curve_serverkey = zmq.utils.z85.encode(server)
        self.socket.curve_secretkey = zmq.utils.z85.encode(
            raw_private(self.curve))
        self.socket.curve_publickey = zmq.utils.z85.encode(
            raw_public(self.curve))
        self.socket.connect(endpoint)
        self.send("hello", 1, 0, 0, 0, 0)
        welcome = self.hear("welcome")
        assert welcome[1:3] == [1, "warwickshire"] and welcome[4] == 0
        self.epoch, self.vkey = welcome[3], welcome[8]

    def send(self, *frame):
        self.socket.send(pack(list(frame)))

    def hear(self, kind):
        """The next frame of this kind; others are passed over."""
        while self.socket.poll(WAIT_MS):
            frame = wire.unpack(self.socket.recv())
            if frame[0] == kind:
                return frame
        raise AssertionError(f"{self.name} heard no {kind}")

    def envelope(self, number, title):
        now = int(time.time() * 1000)
        header = pack({
            "v": 1, "exchange": "warwickshire",
            "id": [self.name, self.epoch, number], "nonce": os.urandom(16),
            "vocabulary": "soc/1", "type": "note", "from": self.name,
            "agreement": "local", "purpose": "prevent", "sent": now,
            "marking": "OFFICIAL"})
        fields = [("message.to", "bravo"), ("message.officer", "DC 1 Able"),
                  ("report.title", title), ("report.health", "asthma"),
                  ("subject.name", "Alder Example"),
                  ("subject.born", "1990-02-03"),
                  ("subject.born~year", "1990")]
        slots = []
        for path, value in fields:
            salt = os.urandom(16)
            d = wire.digest(wire.value_hash(salt, value), 0, path)
            slots.append((d, [salt, path, 0, value]))
        slots.sort()
        digests = b"".join(d for d, _ in slots)
        statement = wire.sha(
            b"caveat message v1\n", wire.sha(header),
            len(slots).to_bytes(2, "big"), wire.sha(digests))
        signed = (b"caveat batch v1\n" + wire.lp("warwickshire") +
                  wire.lp(self.name) + b"\0\1" + wire.leaf(statement))
        return pack([header, digests, wire.sha(raw_public(self.message))[:8],
                     [0, 1, b""], self.message.sign(signed),
                     [slot for _, slot in slots]])


class Broker:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.endpoint = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        self.do("init", "--name", "warwickshire", "--listen", self.endpoint)
        lines = dict(line.split(" ", 1) for line in
                     (folder / "broker.pub").read_text().splitlines())
        self.vkey = lines["vkey"]
        self.curve = base64.b64decode(lines["curve"])
        self.process = None

    def do(self, *words):
        subprocess.run([self.program, "--dir", self.folder, *words],
                       check=True, stdout=subprocess.DEVNULL, timeout=20)

    def start(self):
        log = open(self.folder / "run.log", "wb")
        self.process = subprocess.Popen(
            [self.program, "--dir", self.folder, "run"], stderr=log)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0, "the broker did not end well"


def publish(broker, partners, folder):
    def file(name, text):
        path = folder / name
        path.write_text(text)
        return str(path)

    identities = "".join(
        f"  identity {p.name} kind police clearance OFFICIAL-SENSITIVE "
        f"agree \"{vkey(p.name, p.agree)}\"\n" for p in partners)
    text = AGREEMENT.format(
        identities=identities, pin=b64(wire.sha(VOCABULARY.encode())))
    note = text + "\n" + "".join(
        signature_line(text, p.name, p.agree) for p in partners)
    broker.do("publish", file("soc-1.vocabulary", VOCABULARY),
              file("local-1.agreement", note))
    for p in partners:
        broker.do("enrol", file(f"{p.name}.enrolment", p.enrolment()))


def outcomes(result, number):
    """{partner: outcome} of the row for this number."""
    row = next(row for row in result[1] if row[1] == number)
    return row[2], {r[0]: r[1] for r in row[4]}


def check_copy(frame, alpha, log_vkey):
    """What bravo must see, and the receipt row for it."""
    _, checkpoint, rows = frame
    (number, data), = rows
    copy = wire.read_copy(data)
    copy["statement"].verify(raw_public(alpha.message))
    origin, size, root = wire.verify_note(checkpoint, log_vkey).splitlines()
    assert origin == "warwickshire/1"
    assert base64.b64decode(root) == wire.path_root(
        copy["index"], int(size), wire.leaf(copy["entry"]), copy["path"])
    entry = wire.unpack(copy["entry"])
    assert (entry["kind"], entry["to"], entry["copy"], entry["body"]) == (
        "decided", "bravo", number, copy["digest"])
    seen = {s.path: s for s in copy["slots"] if s.kind != "nil"}
    assert seen["report.title"].value == "seen at the mill"
    assert seen["subject.born"].kind == "named"
    assert seen["subject.born~year"].value == "1990"
    assert "report.health" not in seen and b"asthma" not in data
    assert b"1990-02-03" not in data
    return [number, copy["digest"]]


def story(broker, alpha, bravo):
    envelope = alpha.envelope(1, "seen at the mill")
    alpha.send("submit", [envelope])
    assert outcomes(alpha.hear("result"), 1) == (
        "accepted", {"bravo": "accepted"})
    row = check_copy(bravo.hear("deliver"), alpha, broker.vkey)
    data = b"caveat receipt v1\n" + pack(
        ["warwickshire", "bravo", int(time.time() * 1000), [row]])
    bravo.send("receipt", data, bravo.message.sign(data))
    assert outcomes(alpha.hear("result"), 1) == (
        "accepted", {"bravo": "delivered"})
    # The same again: the same answer. Another under its id: refused.
    alpha.send("submit", [envelope])
    assert outcomes(alpha.hear("result"), 1)[0] == "accepted"
    alpha.send("submit", [alpha.envelope(1, "another thing")])
    assert outcomes(alpha.hear("result"), 1)[0] == "refused"
    # A value that is not what was signed, a signature that is nobody's, and
    # one that is not the sender's.
    changed = bytearray(alpha.envelope(2, "another thing"))
    changed[-1] ^= 1
    alpha.send("submit", [bytes(changed)])
    assert outcomes(alpha.hear("result"), 2)[0] == "refused"
    parts = wire.unpack(alpha.envelope(3, "another thing"))
    parts[4] = bytes(64)
    alpha.send("submit", [pack(parts)])
    assert outcomes(alpha.hear("result"), 3)[0] == "refused"
    bravo.send("submit", [alpha.envelope(4, "another thing")])
    assert bravo.hear("error")[1] == "forged"
    alpha.send("nonsense")
    assert alpha.hear("error")[1] == "malformed"


def main():
    with tempfile.TemporaryDirectory(prefix="caveat-live-") as temporary:
        folder = pathlib.Path(temporary)
        broker = Broker(sys.argv[1], folder / "broker")
        alpha, bravo = Partner("alpha"), Partner("bravo")
        publish(broker, [alpha, bravo], folder)
        broker.start()
        context = zmq.Context()
        try:
            for partner in (alpha, bravo):
                partner.connect(context, broker.endpoint, broker.curve)
                assert partner.vkey == broker.vkey
            story(broker, alpha, bravo)
        finally:
            context.destroy(linger=0)
            broker.stop()
        print("a second implementation exchanged a message")


if __name__ == "__main__":
    main()
