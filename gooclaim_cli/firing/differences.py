"""What differs between two answers of a handler. Pure."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Final

import msgspec

# What differs from answer to answer and means nothing.
_PASSING: Final = frozenset(("date", "connection", "keep-alive", "content-length"))
_LONGEST: Final = 64 * 1024  # the history keeps no more of an answer
_CONTEXT: Final = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """A handler's answer. `body` None: it is not known."""

    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


def differences(before: Answer, after: Answer) -> tuple[str, ...]:
    """The lines of a unified diff, without its head; none where nothing differs.

    Status, headers (in any order, without Date and its like) and body are compared; JSON is laid
    out before. Where one body is not known, the other does not count; where there was no answer,
    that is the difference, and not all that the other one has.
    """
    if None in (before.status, after.status):
        is_same = before.status == after.status
        return () if is_same else (f"-{_status(before)}", f"+{_status(after)}")
    compare_bodies = before.body is not None and after.body is not None
    old, new = (tuple(_lines(each, body=compare_bodies)) for each in (before, after))
    diff = unified_diff(old, new, lineterm="", n=_CONTEXT)
    return tuple(line for line in diff if not line.startswith(("--- ", "+++ ", "@@")))


def _status(answer: Answer) -> str:
    return f"HTTP {answer.status or 'no answer'}"


def _lines(answer: Answer, *, body: bool) -> Iterator[str]:
    yield _status(answer)
    headers = {(name.lower(), value) for name, value in answer.headers}
    yield from (f"{name}: {value}" for name, value in sorted(headers) if name not in _PASSING)
    if body and answer.body:
        yield ""
        yield from _body_lines(answer.body[:_LONGEST])


def _body_lines(body: bytes) -> list[str]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return [f"{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}"]
    if body.lstrip()[:1] in (b"{", b"["):
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            text = msgspec.json.format(body, indent=2).decode("utf-8")
    return text.splitlines()
