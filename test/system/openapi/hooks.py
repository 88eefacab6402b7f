"""What schemathesis needs to be told: how lines and protobuf are sent, and what there is. Used by main.ts."""

import atexit
import collections
import json
import os
import re
import zlib

import schemathesis

# Values of path parameters that lead to something, by their names.
THERE = json.loads(os.environ["HOLDFAST_THERE"])
# What is drawn to be refused stays as it is.
ID = r"[0-9a-f]{16}"
FORMS = {"ledger": r"[a-z0-9][a-z0-9._-]{0,63}", "index": r"\d{1,15}"}


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
