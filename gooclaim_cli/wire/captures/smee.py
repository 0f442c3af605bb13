"""What smee.io passes on: the headers, `body`, `query` and `timestamp` (ms) as one object.

smee parses the body and throws its bytes away. It is written again as JavaScript writes JSON, which
is how smee's own client sends it; where Gooclaim wrote it otherwise, it cannot be verified.
"""

from typing import Any

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records
from gooclaim_cli.wire.captures.members import body_or_json, headers

_OWN = frozenset(("body", "query", "timestamp"))


def from_object(value: dict[str, Any], source: str) -> Records | None:
    """Read one event of a channel."""
    if "body" not in value or not any(name[:11].lower() == "x-gooclaim-" for name in value):
        return None
    content, exact = body_or_json(value["body"])
    received_at = times.from_number(value.get("timestamp"))
    pairs = headers({name: each for name, each in value.items() if name not in _OWN})
    return iter((Capture(source, Format.SMEE, pairs, content, received_at, exact),))
