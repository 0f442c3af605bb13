"""Cause and Diagnosis: what made a signature not match, in words, with the fix. Pure values.

A fix never weakens: it changes what is verified, never what is demanded.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

UNEXPLAINED: Final = "unexplained"
KEEP_RAW: Final = (
    "keep the body's bytes as they come: save and verify them before anything reads them"
)


class Cause(msgspec.Struct, frozen=True, gc=False):
    """One thing that went wrong: its stable code, what happened, and what to do about it."""

    code: str
    message: str
    fix: str


Causes = tuple[Cause, ...]


class Variant(msgspec.Struct, frozen=True, gc=False):
    """A body that may have been signed, and why the captured one is another."""

    data: bytes
    cause: Cause


def named(data: bytes, code: str, message: str, fix: str) -> Variant:
    """A variant with its cause in words."""
    return Variant(data, Cause(code, message, fix))


class Diagnosis(msgspec.Struct, frozen=True):
    """Why a signature does not match.

    `code` joins the codes of all causes with `+`. `explained`: with the causes undone, it matches.
    `differs_at` is the first byte, from 0, in which the body and the signed one differ; `signed` is
    the body that was signed. Both are None where the body is not what was wrong. `tried` is how
    many combinations were compared.
    """

    code: str
    message: str
    fix: str
    explained: bool
    tried: int = 0
    differs_at: int | None = None
    signed: bytes | None = None
    ruled_out: tuple[str, ...] = ()


def explained(causes: Sequence[Cause], *, tried: int, body: bytes, signed: bytes) -> Diagnosis:
    """Put the causes that were found into words. `body` is as captured, `signed` as it was."""
    changed = body != signed
    return Diagnosis(
        code="+".join(dict.fromkeys(cause.code for cause in causes)),
        message="; and ".join(dict.fromkeys(cause.message for cause in causes)),
        fix="; and ".join(dict.fromkeys(cause.fix for cause in causes)),
        explained=True,
        tried=tried,
        differs_at=first_difference(body, signed) if changed else None,
        signed=signed if changed else None,
    )


def both(one: Cause | None, other: Cause) -> Cause:
    """Put two causes into one."""
    if one is None:
        return other
    code = one.code if one.code == other.code else f"{one.code}+{other.code}"
    fix = one.fix if one.fix == other.fix else f"{one.fix}; and {other.fix}"
    twice = one.message == other.message
    message = f"{one.message}, twice" if twice else f"{one.message}; and {other.message}"
    return Cause(code, message, fix)


def first_difference(one: bytes, other: bytes) -> int:
    """The first byte, from 0, in which two texts differ; the shorter one's end counts as one."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # by halves: both may be long
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
