"""Values that the tests of this folder render, and consoles that do not depend on the machine."""

import io
from typing import Any, Literal

from rich.console import Console

from gooclaim_cli.happenings import (
    Delivered,
    Disposition,
    Handler,
    HandlerAnswer,
    LateAnswer,
    PassedOn,
    Ready,
    SandboxFacts,
    Summary,
    Target,
)
from gooclaim_cli.history.records import DeliveryDetail, StoredDelivery, StoredForward
from gooclaim_cli.wire import Delivery

AT = 1779272065.123
EVENT_ID = "evt_01HXYZ0123456789AB7F3KX9QA"
BODY = b'{"event_id":"evt_01HXYZ","data":{"n":1.50,"ok":true}}'
SANDBOX = SandboxFacts(
    "https://127.0.0.1:8443", "client", "client-secret", "tnt_x", "whsec_throwaway", "/ca.pem"
)


def console(
    width: int = 80, *, colour: Literal["truecolor"] | None = None, **options: Any
) -> Console:
    """A terminal of this width that writes to memory."""
    settings: dict[str, Any] = {
        "file": io.StringIO(),
        "width": width,
        "height": 25,
        "force_terminal": True,
        "color_system": colour,
        "legacy_windows": False,
        "_environ": {},
    }
    return Console(**settings | options)


def written(to: Console) -> str:
    """What a console was given so far."""
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


def answer(status: int | None = 200, ms: float = 42.0, **members: Any) -> HandlerAnswer:
    """A handler's answer."""
    given: dict[str, Any] = {
        "url": "http://localhost:3000/hooks",
        "error": None,
        "message": "",
        "headers": (),
        "body": b"",
    }
    return HandlerAnswer(status=status, ms=ms, **given | members)


def delivered(**members: Any) -> Delivered:
    """A good delivery, answered 200 after 42 ms."""
    given: dict[str, Any] = {
        "at": AT,
        "delivery_id": "dlv_1",
        "event_id": EVENT_ID,
        "event_type": "workflow.completed",
        "idempotency_key": "idem_1",
        "size": len(BODY),
        "findings": (),
        "disposition": Disposition.FRESH,
        "attempt": 1,
        "response_status": 200,
        "handler": answer(),
        "delivery": Delivery((("X-Gooclaim-Signature", "ab" * 8),), BODY),
    }
    return Delivered(**given | members)


def ready(**members: Any) -> Ready:
    """A session that has begun."""
    given: dict[str, Any] = {
        "at": AT,
        "environment": "development",
        "tenant_id": "tnt_xyz",
        "public_url": "https://tunnel.example/webhooks",
        "local_url": "http://127.0.0.1:4000/webhooks",
        "handlers": (Handler("*", "http://localhost:3000/hooks"),),
        "tunnel": "cloudflared",
        "registered": True,
        "previous_url": "https://cms.example/webhooks",
        "deadline": 5.0,
    }
    return Ready(**given | members)


def late(**members: Any) -> LateAnswer:
    """An answer past the deadline."""
    given: dict[str, Any] = {
        "at": AT,
        "delivery_id": "dlv_1",
        "event_id": EVENT_ID,
        "event_type": "workflow.completed",
        "handler": answer(ms=7300.0),
    }
    return LateAnswer(**given | members)


def passed_on(**members: Any) -> PassedOn:
    """A delivery that the home URL took."""
    given: dict[str, Any] = {
        "at": AT,
        "delivery_id": "dlv_1",
        "event_id": EVENT_ID,
        "event_type": "workflow.completed",
        "target": Target.HOME,
        "answer": answer(),
    }
    return PassedOn(**given | members)


def summary(**members: Any) -> Summary:
    """The numbers of a session."""
    given: dict[str, Any] = {
        "at": AT,
        "received": 12,
        "verified": 10,
        "rejected": 2,
        "duplicates": 1,
        "forwarded": 9,
        "failed": 1,
        "slowest_ms": 4200.04,
        "restored": True,
    }
    return Summary(**given | members)


def stored(**members: Any) -> StoredDelivery:
    """A delivery as the history gives it back."""
    given: dict[str, Any] = {
        "delivery_id": "dlv_1",
        "received_at": AT,
        "event_id": EVENT_ID,
        "event_type": "workflow.completed",
        "tenant_id": "tnt_xyz",
        "idempotency_key": "idem_1",
        "attempt": 2,
        "disposition": "retry",
        "outcome": "delivered",
        "reasons": (),
        "response_status": 200,
        "size": len(BODY),
        "body_sha256": "ab" * 32,
    }
    return StoredDelivery(**given | members)


def forward(**members: Any) -> StoredForward:
    """A forward as the history gives it back."""
    given: dict[str, Any] = {
        "url": "http://localhost:3000/hooks",
        "kind": "live",
        "started_at": AT,
        "status": 200,
        "ms": 42.04,
        "error": None,
        "message": "",
        "late": False,
        "headers": (),
        "body": b"",
    }
    return StoredForward(**given | members)


def detail(**members: Any) -> DeliveryDetail:
    """A delivery in full."""
    given: dict[str, Any] = {
        "stored": stored(),
        "delivery": Delivery((("X-Gooclaim-Signature", "ab" * 8),), BODY),
        "forwards": (forward(),),
    }
    return DeliveryDetail(**given | members)
