"""How event types are shown: the list, a sample, and the list as JSON lines."""

from collections.abc import Sequence
from typing import Any, TextIO

import msgspec
from rich.console import Console
from rich.text import Text

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.render.errors import message_lines
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339, write_object
from gooclaim_cli.render.layout import TYPE_WIDTH
from gooclaim_cli.render.payload import payload_lines
from gooclaim_cli.render.terminal import facts, fold_width, write_lines
from gooclaim_cli.wire import CATALOGUE, EventType

_UNASKED = "Gooclaim's API could not be asked, so this is the built-in list of version 1.0: "


def list_types(types: Sequence[EventType], console: Console) -> None:
    """Write a line a type: its name and when it is sent."""
    rows = [(visible(each.name).ljust(TYPE_WIDTH), visible(each.description)) for each in types]
    write_lines(console, facts(rows, width=fold_width(console)))


def tell_problem(problem: GooclaimError, console: Console) -> None:
    """Say why the list is the built-in one."""
    message = _UNASKED + problem.message
    write_lines(
        console, message_lines("! warning: ", message, problem.hint, console, style="yellow")
    )


def write_json(
    types: Sequence[EventType],
    source: str,
    problem: GooclaimError | None,
    stream: TextIO,
    *,
    at: float,
) -> None:
    """Write an `event_type` each; before them, a `notice` where the API could not be asked."""
    if problem is not None:
        notice = {
            "kind": "notice",
            "at": rfc3339(at),
            "level": "warning",
            "code": "event_types_not_asked",
            "message": _UNASKED + problem.message,
            "hint": problem.hint,
        }
        write_object(notice, stream)
    for each in types:
        members = {
            "kind": "event_type",
            "at": rfc3339(at),
            "name": each.name,
            "description": each.description,
            "source": source,
        }
        write_object(members, stream)


def sample_object(event_type: str, body: bytes, *, at: float) -> dict[str, Any]:
    """The `sample` of the machine output; `event` is the whole envelope."""
    known = CATALOGUE.get(event_type)
    return {
        "kind": "sample",
        "at": rfc3339(at),
        "event_type": event_type,
        "description": known.description if known else None,
        "event": msgspec.Raw(body),
    }


def show_sample(event_type: str, body: bytes, console: Console) -> None:
    """Write what a type means, and a sample laid out."""
    known = CATALOGUE.get(event_type)
    said = known.description if known else "not in the catalogue of version 1.0"
    lines = facts([(visible(event_type), said)], width=fold_width(console))
    write_lines(console, [*lines, Text(), *payload_lines((), body, console, indent="")])
