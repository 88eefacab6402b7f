"""What schemathesis needs to be told: how lines and protobuf are sent, and what there is. Used by main.ts."""

import atexit
import collections
import json
import os
import re
import zlib
from datetime import datetime, timedelta, timezone

import schemathesis

# Values of path parameters that lead to something, by their names.
THERE = json.loads(os.environ["HOLDFAST_THERE"])
# What is drawn to be refused stays as it is.
ID = r"[0-9a-f]{16}"
# A ledger is drawn as that of accesses half of the time, in which there is little.
NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
FORMS = {"ledger": "_access|" + NAME, "watcher": NAME, "index": r"\d{1,15}"}


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf")
def lines(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def map_path_parameters(ctx, path_parameters):
    """Of names that are drawn hardly one is there: most become one that is. Which ones follows from what was drawn."""
    drawn = dict(path_parameters or {})
    for name, values in THERE.items():
        if name not in drawn or re.fullmatch(FORMS.get(name, ID), str(drawn[name]), re.ASCII) is None:
            continue
        by = zlib.crc32(repr((name, sorted(drawn.items()))).encode())
        if by % 8 != 0:
            path_parameters[name] = values[(by >> 3) % len(values)]
    return path_parameters


# Within the year that a silence may last.
SOON = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat(timespec="seconds")


def is_time(value):
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def is_hash(value):
    return isinstance(value, str) and re.fullmatch(r"0x[0-9a-f]{64}", value) is not None


# A word about the ledger whose members go together; nobody here can sign it, so that it is refused in any case.
WORD = {
    "ledgerId": os.environ["HOLDFAST_LEDGER_ID"],
    "outcome": "good",
    "findings": [],
    "size": 1,
    "rootHash": "0x" + 64 * "0",
}

# Members of bodies that what is drawn for them hardly ever fits: by operation, one that shows that it was drawn to fit, and what does.
FITTING = {
    "silenceAlert": ("until", is_time, {"until": SOON}),
    "takeWord": ("ledgerId", is_hash, WORD),
}


@schemathesis.hook
def map_body(ctx, body):
    """Of times hardly one that is drawn is still to come, and of ids of ledgers none is one: most become what fits."""
    name, is_drawn_well, fitting = FITTING.get(ctx.operation.definition.raw["operationId"], (None, None, None))
    if name is None or not isinstance(body, dict) or not is_drawn_well(body.get(name)):
        return body
    if zlib.crc32(repr(sorted(body.items())).encode()) % 8 != 0:
        return {**body, **fitting}
    return body


# How often each operation was answered with which status.
ANSWERED = collections.defaultdict(collections.Counter)


@schemathesis.hook
def after_call(ctx, case, response):
    if case.method.upper() == case.operation.method.upper():
        ANSWERED[case.operation.definition.raw["operationId"]][response.status_code] += 1


@atexit.register
def tell():
    with open(os.environ["HOLDFAST_ANSWERED"], "w") as file:
        json.dump(ANSWERED, file)
