"""ULIDs: 26 characters that sort by time (https://github.com/ulid/spec). Pure."""

from random import Random

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ulid(now: float, random: Random) -> str:
    """Make a ULID of a time (UNIX seconds) and 80 random bits."""
    number = (int(now * 1000) << 80) | random.getrandbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
