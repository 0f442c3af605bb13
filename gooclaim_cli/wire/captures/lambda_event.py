"""What AWS hands to a Lambda function: API Gateway's events v1 and v2, a load balancer's.

Bodies are text or base64 (`isBase64Encoded`). v1 has every value of a header in
`multiValueHeaders`; v2 has names in lower case, and values of one name joined with commas.
"""

from typing import Any

from gooclaim_cli.wire.captures import times
from gooclaim_cli.wire.captures.capture import Capture, Format, Records
from gooclaim_cli.wire.captures.members import body, headers

_MARKS = ("requestContext", "httpMethod", "rawPath", "routeKey", "isBase64Encoded")


def from_object(value: dict[str, Any], source: str) -> Records | None:
    """Read one event."""
    if not any(mark in value for mark in _MARKS):
        return None
    if "headers" not in value and "multiValueHeaders" not in value:
        return None
    name = "multiValueHeaders" if value.get("multiValueHeaders") else "headers"
    content = body(value.get("body"), is_base64=value.get("isBase64Encoded"))
    return iter(
        (
            Capture(
                source,
                Format.LAMBDA,
                headers(value.get(name) or {}, where=name),
                content,
                _received_at(value.get("requestContext")),
            ),
        )
    )


def _received_at(context: object) -> float | None:
    match context:
        case {"requestTimeEpoch": at} | {"timeEpoch": at}:
            return times.from_number(at)
    return None
