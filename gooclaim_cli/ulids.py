"""ULIDs: 26 characters that sort by time (https://github.com/ulid/spec). Pure."""

from random import Random
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Two characters at a time: a delivery is named by one of these on the way to being answered.
_PAIRS: Final = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)
_SHIFTS: Final = range(120, -1, -10)


def new_ulid(now: float, random: Random) -> str:
    """Make a ULID of a time (UNIX seconds) and 80 random bits."""
    number = (int(now * 1000) << 80) | random.getrandbits(80)
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])
