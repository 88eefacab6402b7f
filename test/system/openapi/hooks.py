"""What schemathesis needs to be told to send: lines, and protobuf. Used by main.ts."""

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf")
def lines(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()
