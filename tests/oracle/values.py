"""Values of the vocabulary's types: reading, comparing, reducing, masking.

Rules 20 and 23 to 26 of the language page.  A value is kept in one canonical
Python form per type; the functions here know nothing of messages or rules.
"""
import calendar
import datetime
import re
import unicodedata
from decimal import Decimal
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

SCALARS = ("text", "narrative", "integer", "decimal", "date", "time", "flag",
           "postcode", "phone", "plate", "reference", "party")
TEXTS = ("text", "narrative", "phone", "plate", "reference", "postcode")
MASKABLE = ("text", "postcode", "phone", "plate", "reference")
ORDERED = ("integer", "decimal", "date", "time")
REDUCERS = {"month": ("date",), "year": ("date",), "age-band": ("date",),
            "sector": ("postcode",), "district": ("postcode",),
            "area": ("postcode",), "initials": ("text",),
            "band": ("integer", "decimal")}
PRIORITIES = ("routine", "urgent", "threat-to-life")

INT_MIN, INT_MAX = -2**63, 2**63 - 1

POSTCODE = re.compile(r"([A-Z]{1,2})([0-9][A-Z0-9]?) ([0-9])[A-Z]{2}\Z")
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):"
                  r"([0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z")
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
INTEGER = re.compile(r"-?[0-9]+\Z")


class Wrong(Exception):
    """A value that is not one of its type."""


# ---- dates ---------------------------------------------------------------

def parse_date(s):
    m = DATE.match(s)
    try:
        return datetime.date(*(int(g) for g in m.groups())) if m else None
    except ValueError:
        return None


def parse_time(s):
    """An instant as (aware datetime to the second, fraction), or None."""
    m = TIME.match(s)
    if not m:
        return None
    day, hh, mm, ss, frac, zone = m.groups()
    try:
        t = datetime.datetime.fromisoformat(f"{day}T{hh}:{mm}:{ss}")
        if zone in "Zz":
            off = datetime.timedelta(0)
        else:
            if int(zone[1:3]) > 23 or int(zone[4:6]) > 59:
                return None
            off = datetime.timedelta(hours=int(zone[1:3]),
                                     minutes=int(zone[4:6]))
            off = -off if zone[0] == "-" else off
        t = (t - off).replace(tzinfo=datetime.timezone.utc)
    except (ValueError, OverflowError):
        return None
    return (t, Decimal("0." + (frac or "0")))


def london_day(instant):
    """Rule 26: days are London days."""
    return instant[0].astimezone(LONDON).date()


def anniversary(day, year):
    """The same day in another year; 29 February is 28 February (rule 20)."""
    if day.month == 2 and day.day == 29 and not calendar.isleap(year):
        return datetime.date(year, 2, 28)
    return day.replace(year=year)


def age(born, day):
    """Whole years on a day, negative for one born later."""
    years = day.year - born.year
    return years - 1 if day < anniversary(born, day.year) else years


def add_period(day, count, unit):
    """Rule 26: the last day a copy may be held."""
    try:
        if unit == "days":
            return day + datetime.timedelta(days=count)
        if unit == "weeks":
            return day + datetime.timedelta(weeks=count)
        if unit == "years":
            return anniversary(day, day.year + count)
        months = day.year * 12 + day.month - 1 + count
        year, month = divmod(months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return datetime.date(year, month + 1, min(day.day, last))
    except (ValueError, OverflowError):
        return datetime.date.max


# ---- reading -------------------------------------------------------------

def clean_text(s):
    """NFC; no control or format characters but the newline."""
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"
           for c in s):
        raise Wrong("control or format character")
    return unicodedata.normalize("NFC", s)


def canon_postcode(s):
    s = s.upper().replace(" ", "")
    s = s[:-3] + " " + s[-3:]
    if not POSTCODE.match(s):
        raise Wrong("not a postcode")
    return s


def from_text(typ, s, world, vocab):
    """A value of a type from its text, as in a literal of a condition."""
    name = typ[0]
    s = clean_text(s)
    if name == "integer":
        if not INTEGER.match(s) or not INT_MIN <= int(s) <= INT_MAX:
            raise Wrong("not an integer")
        return int(s)
    if name == "flag":
        if s not in ("true", "false"):
            raise Wrong("not true or false")
        return s == "true"
    if name == "code":
        if s not in codes_of(typ[1], world, vocab):
            raise Wrong(f"no code '{s}' in {typ[1]}")
        return s
    if name == "party":
        if s not in world.partners:
            raise Wrong(f"no partner '{s}'")
        return s
    if name == "decimal" and not DECIMAL.match(s):
        raise Wrong("not a decimal")
    if name == "date" and parse_date(s) is None:
        raise Wrong("not a date")
    if name == "time" and parse_time(s) is None:
        raise Wrong("not a time")
    if name == "postcode":
        return canon_postcode(s)
    if name == "plate":
        s = "".join(s.upper().split())
    return s


def codes_of(listname, world, vocab):
    """The codes a code-typed thing may have; four lists are built in."""
    if listname == "(priority)":
        return PRIORITIES
    if listname == "(type)":
        return tuple(vocab.records)
    if listname == "(agreement)":
        return tuple(sorted({n for n, _ in world.agreements}))
    return vocab.codes[listname].codes if listname in vocab.codes else ()


def from_json(typ, v, world, vocab):
    """A value of a scalar type from a JSON value (rule 25), or Wrong."""
    name = typ[0]
    if name == "flag":
        if not isinstance(v, bool):
            raise Wrong("not true or false")
        return v
    if isinstance(v, bool) or not isinstance(v, (int, str)):
        raise Wrong(f"not a {name}")
    if name == "integer":
        if not isinstance(v, int) or not INT_MIN <= v <= INT_MAX:
            raise Wrong("not an integer")
        return v
    if isinstance(v, int):
        if name != "code":
            raise Wrong(f"not a {name}")
        v = str(v)
    return from_text(typ, v, world, vocab)


def to_json(typ, v):
    return v


# ---- comparing -----------------------------------------------------------

def key(typ, v, world, vocab):
    """What two values of one type are compared by."""
    if typ[0] == "decimal":
        return Decimal(v)
    if typ[0] == "time":
        return parse_time(v)
    if typ[0] == "code" and ordered(typ, vocab):
        return codes_of(typ[1], world, vocab).index(v)
    return v


def ordered(typ, vocab):
    """Rule 25: ordered codes by their order, others only for equality."""
    if typ[0] == "code":
        cl = vocab.codes.get(typ[1])
        return bool(cl and cl.ordered)
    return typ[0] in ORDERED


# ---- reducing and masking -------------------------------------------------

def upper(c):
    u = c.upper()
    return u if len(u) == 1 else c


def is_letter(c):
    return unicodedata.category(c).startswith("L")


def counts(c):
    """A letter or digit, as masks count them."""
    return is_letter(c) or unicodedata.category(c) == "Nd"


def initials(s):
    firsts = [next((c for c in w if is_letter(c)), None) for w in s.split()]
    out = "".join(upper(c) + "." for c in firsts if c)
    return out or None


def band(v, n):
    low = int(Decimal(v).to_integral_value(rounding="ROUND_FLOOR")) // n * n
    high = low + n - 1
    return f"{low} to {high}" if low < 0 else f"{low}-{high}"


def takes(field, kind, name):
    """Whether values of a field can be reduced or masked so at all."""
    types = MASKABLE if kind == "mask" else REDUCERS[name]
    return field.type[0] in types and not field.set


def reduce_value(v, reducer, n, day):
    """Rule 23; None where the value cannot be reduced."""
    if reducer == "month":
        return v[:7]
    if reducer == "year":
        return v[:4]
    if reducer == "age-band":
        years = age(parse_date(v), day)
        low = years // 10 * 10
        return None if years < 0 else f"{low}-{low + 9}"
    if reducer in ("sector", "district", "area"):
        m = POSTCODE.match(v)
        area, rest, sector = m.groups()
        return {"area": area, "district": area + rest,
                "sector": f"{area}{rest} {sector}"}[reducer]
    if reducer == "initials":
        return initials(v)
    return band(v, n)


def mask_value(v, end, n):
    """Rule 24; None where the mask would keep too much."""
    places = [i for i, c in enumerate(v) if counts(c)]
    if 2 * n > len(places):
        return None
    kept = set(places[:n] if end == "first" else places[-n:])
    return "".join("*" if i in set(places) - kept else c
                   for i, c in enumerate(v))


def coarser(a, b):
    """Rule 9: whether a is at least as coarse as b."""
    if a == b:
        return True
    if a[0] == "mask" and b[0] == "mask":
        return a[1] == b[1] and a[2] <= b[2]
    if a[0] == "mask" or b[0] == "mask":
        return False
    (_, ra, na), (_, rb, nb) = a, b
    if ra == rb == "band":
        return na % nb == 0
    chains = (("month", "year"), ("sector", "district", "area"))
    return any(ra in c and rb in c and c.index(ra) >= c.index(rb)
               for c in chains)
