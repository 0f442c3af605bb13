"""A session of its own that good deliveries are sent to."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any, Final

from gooclaim_cli.wire import SigningSecret, sign_delivery

from .support import SIGNING_SECRET

LISTEN: Final = ("listen", "--tunnel", "none", "--json")


def post(url: str, number: int, size: int = 0) -> int:
    """Send a good delivery; return the status."""
    body = json.dumps(
        {
            "event_id": f"evt_{number}",
            "event_type": "workflow.completed",
            "tenant_id": "tnt_a",
            "occurred_at": "2026-05-20T10:14:25Z",
            "data": {"note": "x" * size},
        }
    ).encode()
    delivery = sign_delivery(
        body,
        SigningSecret(SIGNING_SECRET),
        event_type="workflow.completed",
        idempotency_key=f"idem_{number}",
        timestamp=int(time.time()),
    )
    request = urllib.request.Request(url, data=body, headers=dict(delivery.headers))
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def told(process: subprocess.Popen[bytes], kind: str) -> dict[str, Any]:
    """The next object of a kind."""
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if found["kind"] == kind:
            return found
    raise AssertionError("it ended")
