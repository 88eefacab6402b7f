"""What schemathesis needs to be told to send: lines, and protobuf. Used by main.ts."""

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf")
def lines(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_load_schema(ctx, raw_schema):
    # Python knows no \p{Cc}: the same set, spelled in ranges. And no \S ahead of it is asked for, which cannot be drawn.
    def mend(node):
        if isinstance(node, dict):
            if isinstance(node.get("pattern"), str) and "\\p{Cc}" in node["pattern"]:
                node["pattern"] = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\s]+$"
            for value in node.values():
                mend(value)
        elif isinstance(node, list):
            for value in node:
                mend(value)

    mend(raw_schema)
