"""A record as people's systems hold it, read under one vocabulary.

Rules 3, 19, 20, 23, 25 and 30: what makes a message wrong as a whole.  The
header is read first, without a vocabulary, because who the recipients are
decides which version and so which vocabulary the rest is read under.
"""
import json
import math
import re
from dataclasses import dataclass, field

import values
from values import Wrong

INSTANCES_MAX = 256
FIELDS_MAX = 1024
BYTES_MAX = 1 << 20
# Of the header's texts; 64 where nothing is said.
BYTES = {"agreement": 75, "handling-instruction": 1024, "officer": 128,
         "expires": 1024, "embargo-until": 1024}

TEXT_KEYS = ("officer", "handling-instruction")
TIME_KEYS = ("embargo-until", "expires")
NEEDED = ("type", "to", "agreement", "purpose", "marking")
KEYS = NEEDED + TEXT_KEYS + TIME_KEYS + ("priority", "originators")
LINK = re.compile(r"([A-Za-z0-9_-]+)(?:[/. ](0|[1-9][0-9]*)"
                  r"|\[(0|[1-9][0-9]*)\])?\Z")


class MessageWrong(Exception):
    """The message is wrong: exit 2, nothing is sent."""


@dataclass
class Message:
    header: dict
    to: list
    record: str = None
    instances: list = field(default_factory=list)   # (entity, i), in order
    values: dict = field(default_factory=dict)      # (entity, i, field)
    originators: dict = field(default_factory=dict)

    def count(self, entity):
        return sum(e == entity for e, _ in self.instances)

    def originator(self, entity, name):
        """Rule 30: exact path, then entity.*, then *; None if its own."""
        o = self.originators
        return o.get(f"{entity}.{name}") or o.get(f"{entity}.*") or o.get("*")


class Real:
    """A JSON number with a fraction or an exponent: of no type here."""

    def __init__(self, text):
        if math.isinf(float(text)):
            raise MessageWrong(f"{text[:30]}: too large for a number")


def no_twice(pairs):
    out = {}
    for k, v in pairs:
        if k in out:
            raise MessageWrong(f"'{k}' stands twice")
        out[k] = v
    return out


def no_constant(name):
    raise MessageWrong(f"'{name}' is not JSON")


def every_text(doc):
    """All the texts of a document, its keys too."""
    if isinstance(doc, str):
        yield doc
    elif isinstance(doc, list):
        for item in doc:
            yield from every_text(item)
    elif isinstance(doc, dict):
        for key, item in doc.items():
            yield key
            yield from every_text(item)


def integer(text):
    n = int(text) if len(text) < 30 else values.INT_MAX + 1
    if not values.INT_MIN <= n <= values.INT_MAX:
        raise MessageWrong(f"{text[:30]}: not an integer of 64 bits")
    return n


def parse_json(data):
    if len(data) > BYTES_MAX:
        raise MessageWrong("a message has at most 1 MiB")
    try:
        doc = json.loads(data.decode("utf-8"), parse_float=Real,
                         parse_int=integer,
                         object_pairs_hook=no_twice,
                         parse_constant=no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as e:
        raise MessageWrong(f"not JSON: {e}")
    if not isinstance(doc, dict):
        raise MessageWrong("not a JSON object")
    if any(c == "\0" or "\ud800" <= c <= "\udfff"
           for text in every_text(doc) for c in text):
        raise MessageWrong("not JSON: half a character, or NUL")
    return doc


def text_of(doc, key):
    if not isinstance(doc[key], str):
        raise MessageWrong(f"{key}: not a text")
    try:
        text = values.clean_text(doc[key])
    except Wrong as w:
        raise MessageWrong(f"{key}: {w}")
    if len(text.encode()) > BYTES.get(key, 64):
        raise MessageWrong(f"{key}: too long")
    return text


def read_header(doc, world):
    """What can be read of a message before its vocabulary is known."""
    for k in NEEDED:
        if k not in doc:
            raise MessageWrong(f"no '{k}'")
    header = {k: text_of(doc, k) for k in KEYS
              if k in doc and k not in ("to", "originators")}
    for k in TIME_KEYS:
        if k in header and values.parse_time(header[k]) is None:
            raise MessageWrong(f"{k}: not a time")
    if header.get("priority", "routine") not in values.PRIORITIES:
        raise MessageWrong("priority: no such code")
    to = doc["to"]
    if not isinstance(to, list) or not to \
            or not all(isinstance(t, str) for t in to):
        raise MessageWrong("to: not a list of names")
    msg = Message(header, to)
    orig = doc.get("originators", {})
    if not isinstance(orig, dict):
        raise MessageWrong("originators: not an object")
    for k, who in orig.items():
        if not isinstance(who, str) or who not in world.partners:
            raise MessageWrong(f"originators.{k}: unknown partner")
    msg.originators = orig
    return msg


def read_body(msg, doc, world, vocab):
    """Everything else, under the vocabulary; fills the message."""
    header = msg.header
    if header["type"] not in vocab.records:
        raise MessageWrong(f"type: no record '{header['type']}'")
    for k in ("purpose", "marking"):
        if header[k] not in vocab.codes[k].codes:
            raise MessageWrong(f"{k}: no code '{header[k]}'")
    msg.record = header["type"]
    record = vocab.records[msg.record]
    msg.instances, msg.values = [], {}
    for k in doc:
        if k in KEYS:
            continue
        if k not in record:
            raise MessageWrong(f"{k}: {msg.record} has no such entity")
        items = doc[k] if record[k] == "many" else [doc[k]]
        if not isinstance(items, list) \
                or not all(isinstance(x, dict) for x in items):
            raise MessageWrong(f"{k}: not an object, or a list of them")
        if len(items) > INSTANCES_MAX:
            raise MessageWrong(f"{k}: more than {INSTANCES_MAX}")
        msg.instances += [(k, i) for i in range(len(items))]
    for e, i in msg.instances:
        item = doc[e][i] if record[e] == "many" else doc[e]
        for name, v in item.items():
            f = vocab.entities[e].get(name)
            if f is None:
                raise MessageWrong(f"{e}.{name}: no such field")
            v = read_value(msg, f, v, world, vocab)
            if v is not None:
                msg.values[e, i, name] = v
    if len(msg.values) > FIELDS_MAX:
        raise MessageWrong(f"more than {FIELDS_MAX} fields")
    for k in msg.originators:
        e, _, name = k.partition(".")
        if k != "*" and (e not in record
                         or name not in vocab.entities[e] and name != "*"):
            raise MessageWrong(f"originators: no field '{k}'")


def read_value(msg, f, v, world, vocab):
    """A field's value; None where it counts as absent."""
    path = f"{f.entity}.{f.name}"
    try:
        if f.type[0] == "link":
            return read_link(msg, f, v)
        if not f.set:
            return values.from_json(f.type, v, world, vocab)
        if not isinstance(v, list):
            raise Wrong("not a list")
        out = [values.from_json(f.type, x, world, vocab) for x in v]
        keys = [values.key(f.type, x, world, vocab) for x in out]
        if len(set(keys)) < len(keys):
            raise Wrong("a value stands twice")
        return out
    except Wrong as w:
        raise MessageWrong(f"{path}: {w}")


def read_link(msg, f, v):
    names = [v] if isinstance(v, str) else v
    if not isinstance(names, list) \
            or not all(isinstance(x, str) for x in names):
        raise Wrong("not a link")
    out = []
    for n in names:
        m = LINK.match(n)
        if not m:
            raise Wrong(f"'{n}' is not ENTITY/INSTANCE")
        target = (m[1], int(m[2] or m[3] or 0))
        if target[0] not in f.type[1] or target not in msg.instances:
            raise Wrong(f"'{n}' names nothing it may")
        if target in out:
            raise Wrong(f"'{n}' stands twice")
        out.append(target)
    return out or None
