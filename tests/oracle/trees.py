"""What the texts of the agreement language say, as plain trees."""
from dataclasses import dataclass, field


class Fault(Exception):
    """One error at one place."""

    def __init__(self, at, text):
        super().__init__(f"{at[0]}:{at[1]}:{at[2]}: {text}")


@dataclass
class Token:
    kind: str          # word, string, sym or end
    text: str
    at: tuple          # file, line, column


@dataclass
class Codes:
    name: str
    ordered: bool
    codes: list
    at: tuple


@dataclass
class Field:
    entity: str
    name: str
    type: tuple        # ("text",) or ("code", LIST) or ("link", (ENTITY...))
    at: tuple
    required: object = None      # None, True or a condition
    absent: object = None        # None or a condition
    set: bool = False
    classes: list = field(default_factory=list)


@dataclass
class Vocabulary:
    name: str
    version: int
    at: tuple
    codes: dict = field(default_factory=dict)
    classes: list = field(default_factory=list)
    entities: dict = field(default_factory=dict)   # name -> {name: Field}
    records: dict = field(default_factory=dict)    # name -> {entity: one|many}

    def many(self, entity):
        """Rule 18: many in any record counts as many."""
        return any(r.get(entity) == "many" for r in self.records.values())


@dataclass
class Cond:
    op: str            # or and not any every cmp in is has
    args: list
    at: tuple
    how: str = ""      # the operator of cmp, present/absent of is


@dataclass
class Operand:
    kind: str          # string, word or age
    text: str
    at: tuple
    means: tuple = None          # filled in by check.py


@dataclass
class Item:
    how: str           # field, entity, all, class
    at: tuple
    entity: str = None
    field: str = None
    cls: str = None


@dataclass(eq=False)
class Rule:
    action: str
    at: tuple
    items: list = field(default_factory=list)
    how: tuple = None            # ("reduce", R, N) or ("mask", END, N)
    to: str = None               # a partner or "originator"
    when: Cond = None
    openly: bool = False
    because: str = None


@dataclass
class Retain:
    count: int
    unit: str
    when: Cond
    at: tuple


@dataclass
class Onward:
    how: str           # refer, withhold, release
    to: list
    purposes: list


@dataclass(eq=False)
class Clause:
    label: str
    at: tuple
    share: list = None
    from_: list = None
    to: list = None
    purposes: list = None
    gateway: Token = None
    only: Cond = None
    retains: list = field(default_factory=list)
    onward: Onward = None
    rules: list = field(default_factory=list)


@dataclass(eq=False)
class Agreement:
    name: str
    version: int
    at: tuple
    said: dict = field(default_factory=dict)
    retains: list = field(default_factory=list)
    identities: list = field(default_factory=list)
    pins: list = field(default_factory=list)
    groups: dict = field(default_factory=dict)     # name -> Group
    clauses: list = field(default_factory=list)

    @property
    def id(self):
        return f"{self.name}/{self.version}"


@dataclass
class Group:
    name: str
    chair: Token
    members: list
    at: tuple


@dataclass(eq=False)
class Block:
    """One named rule of a standing text."""
    name: str
    at: tuple
    only: Cond
    rules: list


@dataclass(eq=False)
class Standing:
    name: str
    version: int
    uses: tuple
    at: tuple
    blocks: list = field(default_factory=list)


@dataclass
class Notice:
    verb: str          # withdraw suspend resume, or add remove for a roster
    what: object       # (NAME, N), or the group's name
    by: str
    on: object
    at: tuple
    names: list = None


@dataclass
class Partner:
    name: str
    kind: Token
    clearance: Token
    at: tuple


@dataclass
class World:
    """All that one folder holds."""
    vocabularies: dict = field(default_factory=dict)
    agreements: dict = field(default_factory=dict)
    standings: dict = field(default_factory=dict)
    notices: list = field(default_factory=list)
    partners: dict = field(default_factory=dict)
    errors: list = field(default_factory=list)
