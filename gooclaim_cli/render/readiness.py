"""What a person is told once all is ready: where events come from and go, and what is undone."""

import time

from rich.text import Text

from gooclaim_cli.happenings import Ready, SandboxFacts
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.terminal import facts, wrap_words
from gooclaim_cli.tunnels.kinds import TLS_ENDS


def ready_lines(ready: Ready, width: int | None) -> list[Text]:
    """Lay out what a person needs to know, and that all is ready."""
    lines = facts(
        [
            ("Environment", visible(ready.environment)),
            ("Tenant", visible(ready.tenant_id or "-")),
            ("Public URL", visible(ready.public_url or "none: reached on this machine only")),
            ("Tunnel", _tunnel(ready)),
            *([("Inspector", visible(ready.inspector))] if ready.inspector else []),
            ("Local URL", visible(ready.local_url)),
            *_handlers(ready),
            *([] if ready.events == "*" else [("Events", f"{visible(ready.events)} only")]),
            *_sharing(ready),
            ("Was registered", _previous(ready)),
            ("Inspect", "gooclaim history, gooclaim history show ID"),
        ],
        width=width,
    )
    if ready.restore_command is not None:
        asleep = "Should this machine fall asleep, anybody puts the old URL back with"
        lines += [Text(), *(Text(part, style="dim") for part in wrap_words(asleep, width=width))]
        lines.append(Text(f"  {visible(ready.restore_command)}"))
    if ready.sandbox is not None:
        lines += _sandbox_lines(ready.sandbox, width)
    ends = "ends and restores" if ready.registered else "ends"
    if ready.ends_at is not None:
        ends += f"; by itself at {time.strftime('%H:%M', time.localtime(ready.ends_at))}"
    ready_line = wrap_words(f"Ready. Waiting for events — Ctrl-C {ends}.", width=width)
    return [*lines, Text(), *(Text(part, style="bold") for part in ready_line), Text()]


def _handlers(ready: Ready) -> list[tuple[str, str]]:
    values = [
        visible(each.url if each.pattern == "*" else f"{each.url} ({each.pattern})")
        for each in ready.handlers
    ]
    if ready.home_url is not None and ready.answer_from == "home":
        none = "none: events are shown and passed on"
    else:
        none = "none: every verified event is answered 200 (-f 3000 forwards)"
    return _under("Handler" if len(values) < 2 else "Handlers", values or [none])


def _sharing(ready: Ready) -> list[tuple[str, str]]:
    """Who else gets the deliveries, and what is kept of them."""
    rows: list[tuple[str, str]] = []
    if ready.home_url is not None:
        counts = ", and its answer counts" if ready.answer_from == "home" else ""
        rows.append(("Home URL", f"{visible(ready.home_url)} gets all of it{counts}"))
    rows += _under("Copies to", [visible(url) for url in ready.copy_to])
    if not ready.keeps_bodies:
        rows.append(("Bodies", "not kept: only their sizes and hashes (--keep-bodies)"))
    return rows


def _under(label: str, values: list[str]) -> list[tuple[str, str]]:
    return [(label if position == 0 else "", value) for position, value in enumerate(values)]


def _tunnel(ready: Ready) -> str:
    ends = next((ends for kind, ends in TLS_ENDS.items() if kind == ready.tunnel), "")
    return f"{visible(ready.tunnel)}: {ends}" if ends else visible(ready.tunnel)


def _previous(ready: Ready) -> str:
    if not ready.registered:
        return "not looked at: nothing is registered"
    if not ready.home_known:
        return "another session's URL; ours is removed on exit, and nothing is there then"
    if ready.previous_url is None:
        return "nothing; ours is removed on exit"
    return f"{visible(ready.previous_url)} (will be restored on exit)"


def _sandbox_lines(sandbox: SandboxFacts, width: int | None) -> list[Text]:
    rows = [
        ("Sandbox API", visible(sandbox.api_url)),
        ("Signing secret", visible(sandbox.signing_secret)),
        ("", "The sandbox's secrets are throwaway."),
    ]
    return [Text(), *facts(rows, width=width, style="dim")]
