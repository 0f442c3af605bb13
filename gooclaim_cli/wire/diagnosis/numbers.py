"""How numbers are rewritten on their way through a parser, and what they may have been before.

Floating point drops trailing zeros (1.50 is 1.5), JavaScript writes 1.0 as 1, big integers lose
their last digits, huge ones become 1e+21.
"""

import math
import re
from collections.abc import Iterator
from typing import Final

_INTEGER: Final = re.compile(r"-?\d{1,40}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?\d{1,40}\.\d{1,40}", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_EXACT: Final = 2**53
_NEIGHBOURS: Final = 4096


def before(token: str) -> Iterator[str]:
    """What a number may have been before it was parsed and written again, the likely first."""
    if _INTEGER.fullmatch(token):
        yield from (f"{token}.0", f"{token}.00")
    elif _DECIMAL.fullmatch(token):
        yield from (f"{token}0", f"{token}00")
        if token.endswith("0"):
            yield token.rstrip("0").rstrip(".")
            yield token.rstrip("0") + ("0" if token.rstrip("0").endswith(".") else "")
    if not _NUMBER.fullmatch(token):
        return
    value = float(token)
    if not math.isfinite(value):
        return
    if value.is_integer():
        whole = int(value)
        if "e" in token.lower() or "." in token:
            yield from (str(whole), f"{whole}.0")
        if abs(whole) >= _EXACT:
            yield from map(str, _same_double(value, whole))
            yield from _exponents(value)
    yield from (repr(value), *(f"{value:.{places}f}" for places in (2, 3, 4, 6, 8)))


def with_decimals(token: str, places: int) -> str | None:
    """The same number with so many decimals; None where it has more, or has them already."""
    if not (_INTEGER.fullmatch(token) or _DECIMAL.fullmatch(token)):
        return None
    whole, _, decimals = token.partition(".")
    return f"{whole}.{decimals:0<{places}}" if len(decimals) < places else None


def _same_double(value: float, whole: int) -> Iterator[int]:
    """The integers that floating point takes for the same, those nearby first."""
    reach = min(_NEIGHBOURS, int(math.ulp(value)))
    for distance in range(1, reach + 1):
        for each in (whole + distance, whole - distance):
            if float(each) == value:
                yield each


def _exponents(value: float) -> Iterator[str]:
    mantissa, _, exponent = f"{value:e}".partition("e")
    short = mantissa.rstrip("0").rstrip(".")
    power = int(exponent)
    for sign in ("+", ""):
        for mark in ("e", "E"):
            yield f"{short}{mark}{sign}{power}"
            yield f"{short}.0{mark}{sign}{power}" if "." not in short else f"{short}{mark}{power}"
