"""What `gooclaim sandbox` shows: how to use it, and a line an attempt."""

import dataclasses
import time
from typing import Any

from rich.console import Console
from rich.text import Text

from gooclaim_cli.happenings import SandboxFacts
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.terminal import glyphs_for, write_lines
from gooclaim_cli.sandbox import DeliveryState, OutboundDelivery

_VARIABLES = (
    ("GOOCLAIM_API_URL", "api_url"),
    ("GOOCLAIM_CLIENT_ID", "client_id"),
    ("GOOCLAIM_CLIENT_SECRET", "client_secret"),
    ("GOOCLAIM_TENANT_ID", "tenant_id"),
    ("GOOCLAIM_SIGNING_SECRET", "signing_secret"),
)


def ready_object(facts: SandboxFacts, *, at: float) -> dict[str, Any]:
    """The `ready` of the machine output: what another process needs."""
    return {"kind": "ready", "at": rfc3339(at), **dataclasses.asdict(facts)}


def show_ready(facts: SandboxFacts, console: Console) -> None:
    """Write lines that can be pasted into another terminal."""
    lines = ["# A local Gooclaim runs. In another terminal:"]
    lines += [f"export {name}={getattr(facts, member)}" for name, member in _VARIABLES]
    lines += [
        "gooclaim listen",
        "",
        f"# It trusts endpoints whose certificates come from {facts.ca_file}",
        "# Its secrets are throwaway. Ctrl-C ends it.",
        "",
    ]
    write_lines(console, map(Text, lines))


def show_progress(delivery: OutboundDelivery, console: Console) -> None:
    """Write a line for the latest attempt of a delivery, or for one that is not sent."""
    glyphs = glyphs_for(console)
    stamp = time.strftime("%H:%M:%S")
    head = f"{stamp}  {visible(delivery.event_type):<26}  {visible(delivery.event_id)}  "
    write_lines(console, [Text(head + _progress(delivery, glyphs.arrow))])


def _progress(delivery: OutboundDelivery, arrow: str) -> str:
    if not delivery.attempts:
        return delivery.state.value
    last = delivery.attempts[-1]
    result = f"{last.status} {last.ms:.0f} ms" if last.error is None else visible(last.error)
    if delivery.state is DeliveryState.DELIVERED:
        return f"{arrow} {result}"
    if delivery.state is DeliveryState.DEAD_LETTER:
        return f"{arrow} {result}, dead letter after {last.number} attempts"
    wait = "" if last.next_in is None else f", again in {last.next_in:.1f} s"
    return f"{arrow} {result}, attempt {last.number}{wait}"
