#!/usr/bin/python3
"""A second reader of what travels, written from caveat-wire(7) alone.

    wire_client.py VECTORS      check every file of test vectors in the folder

It shares no code with the product: MessagePack and Ed25519 are other people's.
"""

import base64
import hashlib
import json
import pathlib
import sys

import msgpack
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey, Ed25519PublicKey)

HEADER_KEYS = [
    "v", "exchange", "id", "nonce", "vocabulary", "type", "from", "agreement",
    "purpose", "sent", "marking", "handling-instruction", "embargo-until",
    "priority", "expires", "replaces", "recalls", "answers"]
REQUIRED = HEADER_KEYS[:11]
ACTIONS = {"release", "reduce", "mask", "refer", "withhold"}


class Refused(Exception):
    """The bytes break a rule of the page."""


def need(good, what):
    if not good:
        raise Refused(what)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unpack(data):
    """One MessagePack value in its one encoding."""
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise Refused(str(error)) from error
    need(msgpack.packb(value, use_bin_type=True) == data, "not shortest form")
    return value


def verify(public, signature, *parts):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            signature, b"".join(parts))
    except InvalidSignature as error:
        raise Refused("wrong signature") from error


# ---- trees (RFC 6962) -------------------------------------------------------

def leaf(entry):
    return sha(b"\0", entry)


def node(left, right):
    return sha(b"\1", left, right)


def tree_root(leaves):
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node(tree_root(leaves[:k]), tree_root(leaves[k:]))


def hashes(data):
    need(len(data) % 32 == 0, "not whole hashes")
    return [data[i:i + 32] for i in range(0, len(data), 32)]


def path_root(index, size, h, path):
    need(0 <= index < size, "index outside the tree")
    last = size - 1
    for sibling in path:
        need(last > 0, "path too long")
        if index & 1 or index == last:
            h = node(sibling, h)
            while not index & 1 and index:
                index >>= 1
                last >>= 1
        else:
            h = node(h, sibling)
        index >>= 1
        last >>= 1
    need(last == 0, "path too short")
    return h


def consistent(old, old_root, new, new_root, proof):
    if old == new:
        need(not proof and old_root == new_root, "not the same tree")
        return
    proof = list(proof)
    if old & (old - 1) == 0:
        proof.insert(0, old_root)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = proof[0]
    for c in proof[1:]:
        need(sn > 0, "proof too long")
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = node(sr, c)
        fn >>= 1
        sn >>= 1
    need(sn == 0 and fr == old_root and sr == new_root, "not consistent")


# ---- messages ---------------------------------------------------------------

def lp(text):
    data = text.encode()
    return bytes([len(data)]) + data


class Statement:
    """The five elements that envelopes, bodies and origins begin with."""

    def __init__(self, parts):
        self.header_bytes, digests, self.key_id, batch, self.signature = parts
        self.index, self.size, path = batch
        self.digests = hashes(digests)
        need(1 <= len(self.digests) <= 1024, "number of digests")
        need(all(a < b for a, b in zip(self.digests, self.digests[1:])),
             "digests not ascending")
        need(1 <= self.size <= 256, "batch size")
        self.header = unpack(self.header_bytes)
        keys = list(self.header)
        need(keys == [k for k in HEADER_KEYS if k in keys], "header keys")
        need(all(k in keys for k in REQUIRED), "header lacks a key")
        need(self.header["id"][0] == self.header["from"], "id of another")
        self.hash = sha(b"caveat message v1\n", sha(self.header_bytes),
                        len(self.digests).to_bytes(2, "big"), sha(digests))
        self.root = path_root(
            self.index, self.size, leaf(self.hash), hashes(path))
        self.signed = (b"caveat batch v1\n" + lp(self.header["exchange"]) +
                       lp(self.header["from"]) +
                       self.size.to_bytes(2, "big") + self.root)

    def verify(self, public):
        need(sha(public)[:8] == self.key_id, "another key's id")
        verify(public, self.signature, self.signed)


def value_hash(salt, value):
    return sha(b"\2", salt, msgpack.packb(value, use_bin_type=True))


def digest(v, instance, path):
    return sha(b"\3", v, instance.to_bytes(2, "big"), path.encode())


def value_ok(value):
    if isinstance(value, list):
        return all(isinstance(x, str) for x in value)
    return isinstance(value, (str, bool, int))


class Slot:
    def __init__(self, parts):
        self.kind, self.value = "nil", None
        if parts is None:
            return
        if len(parts) == 4:
            self.kind = "whole"
            self.salt, self.path, self.instance, self.value = parts
            need(len(self.salt) == 16 and value_ok(self.value), "value")
            self.v = value_hash(self.salt, self.value)
        else:
            self.kind = "named"
            self.path, self.instance, self.v = parts
        need(0 <= self.instance < 256 and len(self.path.encode()) <= 64,
             "name of a slot")


def read_slots(statement, raw):
    need(len(raw) == len(statement.digests), "number of slots")
    slots = [Slot(parts) for parts in raw]
    names = [(s.path, s.instance) for s in slots if s.kind != "nil"]
    need(len(names) == len(set(names)), "a field twice")
    for slot, d in zip(slots, statement.digests):
        need(slot.kind == "nil" or digest(slot.v, slot.instance, slot.path) == d,
             "not what was signed")
    return slots


def read_origins(slots, raw):
    origins = []
    for parts in raw:
        statement = Statement(parts[:5])
        for number, instance in parts[5]:
            slot = slots[number]
            need(slot.kind != "nil" and
                 digest(slot.v, instance, slot.path) in statement.digests,
                 "not from there")
        origins.append(statement)
    return origins


def read_envelope(data):
    parts = unpack(data)
    need(len(parts) in (6, 7), "an envelope has six or seven parts")
    statement = Statement(parts[:5])
    slots = read_slots(statement, parts[5])
    origins = read_origins(slots, parts[6]) if len(parts) == 7 else []
    return statement, slots, origins


def read_copy(data):
    body_bytes, entry, index, path = unpack(data)
    body = unpack(body_bytes)
    need(len(body) == 9 and body[0] == 1, "body")
    statement = Statement(body[1:6])
    slots = read_slots(statement, body[6])
    named = [i for i, s in enumerate(slots) if s.kind == "named"]
    need([d[0] for d in body[7]] == named, "decisions")
    for _, action, _, _, derived in body[7]:
        need(action in ACTIONS, "action")
        need(action != "withhold" or derived is None, "withhold gives nothing")
        need(action not in ("reduce", "mask", "release") or derived, "to what")
    return {"statement": statement, "slots": slots, "decisions": body[7],
            "origins": read_origins(slots, body[8]), "entry": entry,
            "index": index, "path": hashes(path),
            "digest": sha(b"caveat body v1\n", body_bytes)}


def read_receipt(data):
    first = b"caveat receipt v1\n"
    need(data.startswith(first), "not a receipt")
    exchange, partner, at, rows = unpack(data[len(first):])
    numbers = [row[0] for row in rows]
    need(numbers == sorted(set(numbers)) and 1 <= len(rows) <= 256, "rows")
    return exchange, partner, at, rows


# ---- signed notes -----------------------------------------------------------

def read_vkey(text):
    name, key_id, key = text.split("+", 2)
    raw = base64.b64decode(key, validate=True)
    need(raw[0] == 1 and len(raw) == 33, "not Ed25519")
    need(sha(name.encode(), b"\n", raw)[:4].hex() == key_id, "key id")
    return name, raw[1:]


def verify_note(note, vkey):
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    name, public = read_vkey(vkey)
    for line in lines.splitlines():
        dash, signer, blob = line.split(" ")
        raw = base64.b64decode(blob, validate=True)
        key_id = sha(name.encode(), b"\n\1", public)[:4]
        if dash == "\u2014" and signer == name and raw[:4] == key_id:
            verify(public, raw[4:], text.encode())
            return text
    raise Refused(f"not signed by {name}")


# ---- the vectors ------------------------------------------------------------

def hexes(record, *keys):
    return [bytes.fromhex(record[key]) for key in keys]


def flips(data):
    """The bytes with one bit changed, here and there."""
    for i in range(0, 8 * len(data), 61):
        changed = bytearray(data)
        changed[i // 8] ^= 1 << i % 8
        yield bytes(changed)


def refuses(check, data):
    for changed in flips(data):
        try:
            check(changed)
        except Exception:  # whatever Python makes of it, it is not accepted
            continue
        return False
    return True


def check_key(key):
    secret, public, key_id = hexes(key, "secret", "public", "id")
    made = Ed25519PrivateKey.from_private_bytes(secret).public_key()
    assert public == made.public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    assert key_id == sha(public)[:8]
    return public


def check_envelope(v):
    public = check_key(v["key"])

    def accept(data):
        statement, slots, origins = read_envelope(data)
        statement.verify(public)
        return statement, slots, origins

    for name in ("envelope", "without"):
        statement, slots, _ = accept(bytes.fromhex(v[name]))
        assert statement.header_bytes.hex() == v["header"]
        assert statement.hash.hex() == v["statement"]
        assert statement.root.hex() == v["root"]
        assert statement.signed.hex() == v["signed"]
        for slot, d, want in zip(slots, statement.digests, v["slots"]):
            home = [slot.path, slot.instance] == v["home"] and name == "without"
            assert slot.kind == ("named" if home else "whole")
            assert (slot.path, slot.instance) == (
                want["path"], want["instance"])
            assert slot.v.hex() == want["V"] and d.hex() == want["D"]
            if not home:
                packed = msgpack.packb(slot.value, use_bin_type=True)
                assert packed.hex() == want["value"]
    assert statement.header["sent"] == 1795341600000
    assert refuses(accept, bytes.fromhex(v["envelope"]))


def check_batch(v):
    public = check_key(v["key"])
    leaves = []
    for number, message in enumerate(v["messages"]):
        statement, _, _ = read_envelope(bytes.fromhex(message["envelope"]))
        statement.verify(public)
        assert statement.index == number and statement.size == v["size"]
        assert statement.hash.hex() == message["statement"]
        leaves.append(leaf(statement.hash))
    assert tree_root(leaves).hex() == v["root"]


def check_copy(v):
    police, forwarder = check_key(v["key"]), check_key(v["forwarder"])
    wanted, root = hexes(v, "digest", "root")

    def accept(data):
        copy = read_copy(data)
        copy["statement"].verify(police)
        need(copy["digest"] == wanted, "another body")
        need(path_root(copy["index"], v["size"], leaf(copy["entry"]),
                       copy["path"]) == root, "not in the log")
        return copy

    copy = accept(bytes.fromhex(v["copy"]))
    shown = {(s.path, s.instance): s for s in copy["slots"] if s.kind != "nil"}
    assert shown["subject.born", 0].kind == "named"
    assert shown["subject.born~year", 0].value == "1990"
    assert ("message.to", 1) not in shown
    assert sorted(d[1] for d in copy["decisions"]) == [
        "mask", "reduce", "refer", "withhold"]
    assert refuses(accept, bytes.fromhex(v["copy"]))
    forwarded = read_copy(bytes.fromhex(v["forwarded"]))
    forwarded["statement"].verify(forwarder)
    assert len(forwarded["origins"]) == 1
    forwarded["origins"][0].verify(police)


def check_receipt(v):
    data, signature = hexes(v, "bytes", "signature")
    public = check_key(v["key"])
    verify(public, signature, data)
    exchange, partner, at, rows = read_receipt(data)
    assert (exchange, partner, at) == (
        "warwickshire", "rugby-council", 1795341600000)
    assert [row[0] for row in rows] == [12, 13]
    assert refuses(lambda d: verify(public, signature, d), data)


def check_note(v):
    assert verify_note(v["note"], v["vkey"]).startswith("warwickshire/1\n7\n")
    lines = dict(line.split(" ", 1) for line in
                 v["enrolment"].split("\n\n")[0].splitlines()[1:])
    for key in ("agree", "message", "witness"):
        verify_note(v["enrolment"], lines[key])
    assert read_vkey(lines["message"])[0] == lines["partner"] + "/message"
    assert len(base64.b64decode(lines["curve"])) == 32


def check_merkle(v):
    leaves = [leaf(bytes([i])) for i in range(len(v["paths"]))]
    roots = [bytes.fromhex(r["root"]) for r in v["roots"]]
    size = len(leaves)
    for n, root in enumerate(roots):
        assert tree_root(leaves[:n]) == root
    for p in v["paths"]:
        path = hashes(bytes.fromhex(p["hashes"]))
        assert path_root(p["index"], size, leaves[p["index"]], path) == \
            roots[size]
    for p in v["consistency"]:
        consistent(p["old"], roots[p["old"]], size, roots[size],
                   hashes(bytes.fromhex(p["hashes"])))


def check_frames(v):
    for kind, data in v.items():
        frame = unpack(bytes.fromhex(data))
        assert frame[0] == kind
    submit, deliver = (unpack(bytes.fromhex(v[k]))
                       for k in ("submit", "deliver"))
    read_envelope(submit[1][0])
    read_copy(deliver[2][0][1])
    assert deliver[2][1][1] is None
    result = unpack(bytes.fromhex(v["result"]))
    assert [row[2] for row in result[1]] == ["accepted", "refused"]
    assert [o[1] for o in result[1][0][4]] == [
        "accepted", "refused", "delivered"]


CHECKS = {
    "batch": check_batch, "copy": check_copy, "envelope": check_envelope,
    "frames": check_frames, "merkle": check_merkle, "note": check_note,
    "receipt": check_receipt}


def main():
    folder = pathlib.Path(sys.argv[1])
    there = {path.stem for path in folder.glob("*.json")}
    assert there == set(CHECKS), f"vectors of no known kind: {there}"
    for name, check in sorted(CHECKS.items()):
        check(json.loads((folder / f"{name}.json").read_text()))
        print(f"{name}: good")


if __name__ == "__main__":
    main()
