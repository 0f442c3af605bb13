"""ULIDs: 26 characters that sort by time (https://github.com/ulid/spec). Pure."""

from functools import lru_cache
from random import Random
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Two characters at a time: a delivery is named by one of these on the way to being answered.
_PAIRS: Final = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)
_OF_TIME: Final = range(40, -1, -10)


def new_ulid(now: float, random: Random) -> str:
    """Make a ULID of a time (UNIX seconds) and 80 random bits."""
    bits = random.getrandbits(80)
    return _time(int(now * 1000)) + _half(bits >> 40) + _half(bits & 0xFFFFFFFFFF)


def _half(bits: int) -> str:
    return (
        f"{_PAIRS[bits >> 30]}{_PAIRS[bits >> 20 & 1023]}"
        f"{_PAIRS[bits >> 10 & 1023]}{_PAIRS[bits & 1023]}"
    )


@lru_cache(maxsize=2)  # under load, many are made within a millisecond
def _time(milliseconds: int) -> str:
    return "".join([_PAIRS[(milliseconds >> shift) & 1023] for shift in _OF_TIME])
