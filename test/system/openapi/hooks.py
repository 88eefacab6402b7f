"""What schemathesis needs to be told: how lines and protobuf are sent, and what there is. Used by main.ts."""

import json
import os
import zlib

import schemathesis

# Values of path parameters that lead to something, by their names.
THERE = json.loads(os.environ["HOLDFAST_THERE"])


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf")
def lines(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def map_path_parameters(ctx, path_parameters):
    """Of names that are drawn hardly one is there: three in four become one that is. Which ones follows from what was drawn."""
    for name, values in THERE.items():
        drawn = (path_parameters or {}).get(name)
        if drawn is None:
            continue
        by = zlib.crc32(repr(drawn).encode())
        if by % 4 != 0:
            path_parameters[name] = values[(by >> 2) % len(values)]
    return path_parameters
