#!/usr/bin/env python3
"""preview.py FILE --using DIR --from PARTNER [--at RFC3339]

What `caveat preview FILE --json --using DIR` must print, by the slow reading
of the language page.  Exit codes 0, 1, 2 as rule 31 has them.
"""
import argparse
import datetime
import json
import sys

import evaluate
import language
import values


def main():
    p = argparse.ArgumentParser()
    p.add_argument("file")
    p.add_argument("--using", required=True)
    p.add_argument("--from", dest="sender", required=True)
    p.add_argument("--at")
    args = p.parse_args()
    at = args.at or datetime.datetime.now(
        datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    at = values.parse_time(at)
    if at is None:
        print("--at: not a time", file=sys.stderr)
        return 2
    try:
        world = language.load_dir(args.using)
        with open(args.file, "rb") as f:
            data = f.read()
    except OSError as e:
        print(e, file=sys.stderr)
        return 2
    code, out = evaluate.preview(world, data, args.sender, at)
    if code == 2:
        print("\n".join(out), file=sys.stderr)
    else:
        print(json.dumps(out, indent=1, ensure_ascii=False))
    return code


if __name__ == "__main__":
    sys.exit(main())
