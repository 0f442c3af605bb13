"""How deep JSON may be nested, and whether a body is nested deeper.

A decoder's own limit hangs on the decoder, and on how much of the stack its caller has used; what
is JSON must not. 256 levels leave room for whoever walks through the data recursively.
"""

import threading
from collections.abc import Callable
from itertools import accumulate
from typing import Final, TypeVar

DEEPEST: Final = 256  # levels; the envelope itself is the first one
_FEW: Final = 32
_NO_MARKS: Final = bytes(set(range(256)) - set(b'[]{}"'))
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # one down, one up (-1)
_T = TypeVar("_T")


def too_deep(text: bytes) -> bool:
    """Whether JSON text is nested more than DEEPEST levels deep, brackets in strings aside.

    Of text that is not JSON it is told of what comes before its first mistake.
    """
    if few_brackets(text) or text.count(b"[") + text.count(b"{") <= DEEPEST:
        return False
    return depth(text) > DEEPEST


def few_brackets(text: bytes) -> bool:
    """Whether there are too few to nest deeply: told in a microsecond of a long text without."""
    if len(text) <= DEEPEST:
        return True
    found, find = 0, text.find
    for bracket in b"[{":
        at = find(bracket)
        while at >= 0:
            found += 1
            if found > _FEW:
                return False
            at = find(bracket, at + 1)
    return True


def depth(text: bytes) -> int:
    """How many levels deep JSON text is nested; of other text, as `too_deep` says."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = text.translate(None, _NO_MARKS).replace(b'""', b"")
    outside = b"".join(marks.split(b'"')[::2])  # what is in strings has every second place
    return max(accumulate(memoryview(outside.translate(_STEPS)).cast("b")), default=0)


def on_enough_stack(work: Callable[[bytes], _T], body: bytes) -> _T:
    """What `work` gives or raises for a body, whatever its caller has left of the stack."""
    try:
        return work(body)
    except RecursionError:
        pass
    done: list[_T | Exception] = []

    def run() -> None:
        try:
            done.append(work(body))
        except Exception as error:  # raised below, where it is waited for
            done.append(error)

    thread = threading.Thread(target=run)  # it has a stack of its own
    thread.start()
    thread.join()
    if isinstance(done[0], Exception):
        raise done[0]
    return done[0]
