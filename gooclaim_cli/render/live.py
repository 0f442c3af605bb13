"""LiveRenderer: what a person sees of a session, as it happens.

Owns the wording of everything but a delivery's line (`columns`). Events go to one console, notices
to the other; nothing is drawn over what was already shown.
"""

import time
from typing import Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.happenings import (
    Delivered,
    HandlerAnswer,
    Happening,
    LateAnswer,
    Level,
    Notice,
    Ready,
    SandboxFacts,
    Summary,
)
from gooclaim_cli.render.columns import Layout, delivery_lines, duration, status_style
from gooclaim_cli.render.errors import message_lines
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.payload import payload_lines
from gooclaim_cli.render.terminal import (
    facts,
    fold_width,
    glyphs_for,
    wrap_words,
    write_lines,
)
from gooclaim_cli.tunnels.kinds import TLS_ENDS

_NOTICES: Final = {
    Level.INFO: ("! ", "dim"),
    Level.WARNING: ("! warning: ", "yellow"),
    Level.ERROR: ("! error: ", "red"),
}


class LiveRenderer:
    """Shows happenings as lines for a person; colour and width are the consoles'.

    `deadline` is how long a handler may take, in seconds. With `print_body`, each delivery is
    followed by its headers and body, and by the handler's answer where that was no 2xx.
    """

    def __init__(self, out: Console, err: Console, *, deadline: float, print_body: bool) -> None:
        self._out = out
        self._err = err
        self._deadline = deadline
        self._print_body = print_body
        self._glyphs = glyphs_for(out)

    def show(self, happening: Happening) -> None:
        """Write what happened. An OSError of the stream goes through."""
        match happening:
            case Delivered():
                self._show_delivery(happening)
            case LateAnswer():
                write_lines(self._out, self._late_lines(happening))
            case Notice():
                self._show_notice(happening)
            case Ready():
                write_lines(self._out, _ready_lines(happening, fold_width(self._out)))
            case Summary():
                write_lines(self._out, self._summary_lines(happening))

    def flush(self) -> None:
        """Do nothing: the consoles pass on each line themselves."""

    def _show_delivery(self, seen: Delivered) -> None:
        layout = Layout(self._out.width, self._glyphs, self._deadline)
        lines = delivery_lines(seen, layout)
        if self._print_body:
            lines += payload_lines(seen.delivery.headers, seen.delivery.body, self._out)
            if seen.handler is not None:
                lines += self._answer_lines(seen.handler)
            lines.append(Text())
        write_lines(self._out, lines)

    def _show_notice(self, notice: Notice) -> None:
        word, style = _NOTICES[notice.level]
        lines = message_lines(word, notice.message, notice.hint, self._err, style=style)
        write_lines(self._err, lines)

    def _answer_lines(self, answer: HandlerAnswer) -> list[Text]:
        if answer.status is None or 200 <= answer.status < 300:
            return []
        title = Text(f"    the handler answered {answer.status}", style=status_style(answer.status))
        return [Text(), title, *payload_lines(answer.headers, answer.body, self._out)]

    def _late_lines(self, late: LateAnswer) -> list[Text]:
        answer, took = late.handler, duration(late.handler.ms, self._deadline)
        if answer.status is None:
            became = f"gave up after {took} ({visible(answer.message)})"
        else:
            became = f"answered {answer.status} after {took}"
        return _sentence(
            f"handler of {visible(late.event_id)} {became}: too late for Gooclaim",
            self._out,
            style="yellow",
        )

    def _summary_lines(self, summary: Summary) -> list[Text]:
        slowest = summary.slowest_ms
        slow = "" if slowest is None else f", slowest {duration(slowest, self._deadline)}"
        duplicates = (
            "1 duplicate" if summary.duplicates == 1 else f"{summary.duplicates} duplicates"
        )
        restored = {
            True: "restored: it is what it was before",
            False: "not restored: it is not what it was before",
            None: "not touched",
        }[summary.restored]
        rows = [
            (
                "Received",
                f"{summary.received}: {summary.verified} verified,"
                f" {summary.rejected} rejected, {duplicates}",
            ),
            ("Forwarded", f"{summary.forwarded}: {summary.failed} failed{slow}"),
            ("Configuration", restored),
        ]
        return [Text(), *facts(rows, width=fold_width(self._out))]


def _sentence(text: str, console: Console, *, style: str) -> list[Text]:
    parts = wrap_words(text, width=fold_width(console), indent="  ", hanging="    ")
    return [Text(part, style=style) for part in parts]


def _ready_lines(ready: Ready, width: int | None) -> list[Text]:
    handlers = [
        (
            "Handler" if len(ready.handlers) == 1 else "Handlers",
            visible(each.url if each.pattern == "*" else f"{each.url} ({each.pattern})"),
        )
        for each in ready.handlers
    ]
    handlers[1:] = [("", value) for _, value in handlers[1:]]
    lines = facts(
        [
            ("Environment", visible(ready.environment)),
            ("Tenant", visible(ready.tenant_id or "-")),
            ("Public URL", visible(ready.public_url or "none: reached on this machine only")),
            ("Tunnel", _tunnel(ready)),
            *([("Inspector", visible(ready.inspector))] if ready.inspector else []),
            ("Local URL", visible(ready.local_url)),
            *(handlers or [("Handler", "none: every verified event is answered 200")]),
            *([] if ready.events == "*" else [("Events", f"{visible(ready.events)} only")]),
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
