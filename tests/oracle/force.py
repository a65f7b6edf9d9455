"""Which version is in force between whom, and who is in a group.

Rules 1, 3, 4, 27 and 28: nothing here reads a message.
"""


def parties(a):
    return [t.text for t in a.said["parties"]]


def members(world, a, name, day):
    """A group with the roster of the day (rule 28)."""
    g = a.groups[name]
    out = [t.text for t in g.members]
    notices = [n for n in world.notices if n.names is not None
               and n.what == name and n.by == g.chair.text and n.on <= day]
    for who in dict.fromkeys(t.text for n in notices for t in n.names):
        mine = [n for n in notices if who in [t.text for t in n.names]]
        last = max(n.on for n in mine)
        inside = all(n.verb == "add" for n in mine if n.on == last)
        if inside and who not in out:
            out.append(who)
        if not inside and who in out:
            out.remove(who)
    return out


def expand(world, a, tokens, day):
    """Names with each group standing for its members (rule 1)."""
    out = []
    for t in tokens:
        out += members(world, a, t.text, day) if t.text in a.groups \
            else [t.text]
    return out


def versions(world, name):
    return [a for (n, _), a in sorted(world.agreements.items()) if n == name]


def stopped(world, a, day):
    """Rule 28: withdrawn, or suspended by someone who has not resumed."""
    notices = [n for n in world.notices if n.names is None
               and n.what == (a.name, a.version) and n.on <= day]
    if any(n.verb == "withdraw" for n in notices):
        return "withdrawn"
    for who in {n.by for n in notices}:
        mine = [n for n in notices if n.by == who]
        last = max(n.on for n in mine)
        if any(n.verb == "suspend" for n in mine if n.on == last):
            return f"suspended by {who}"
    return None


def why_not_in_force(world, a, sender, recipient, day):
    """None if a is in force between the two, else the reason."""
    started = [x for x in versions(world, a.name)
               if x.said["starts"] <= day]
    if a not in started:
        return f"{a.id} has not started"
    if started[-1] is not a:
        return f"{a.id} was ended by {started[-1].id}"
    for who in (sender, recipient):
        if who not in parties(a):
            return f"{who} is no party of {a.id}"
    if day > a.said["ends"]:
        return f"{a.id} has ended"
    stop = stopped(world, a, day)
    return f"{a.id} is {stop}" if stop else None


def in_force(world, name, sender, recipient, day):
    """Rule 3: the one version in force between two parties, or a reason."""
    why = f"no agreement '{name}'"
    for a in versions(world, name):
        why = why_not_in_force(world, a, sender, recipient, day)
        if why is None:
            return a, None
    return None, why


def umbrellas(world, a):
    """The agreement and what it is under, upward (rule 4)."""
    out = [a]
    while "under" in out[-1].said:
        out.append(world.agreements[out[-1].said["under"][0]])
    return out
