"""gooclaim on a system that has no randomness for as long as a file is there.

    python no_randomness.py FILE ARGUMENTS...

What fails is the operating system, at the outermost edge; what it leads to is gooclaim's own.
"""

import os
import random
import sys
from pathlib import Path

from gooclaim_cli.__main__ import main

file = Path(sys.argv[1])


def urandom(count: int) -> bytes:
    """What `os.urandom` is to `random.SystemRandom`."""
    if file.exists():
        raise NotImplementedError("a value")
    return os.urandom(count)


random._urandom = urandom  # type: ignore[attr-defined]
sys.exit(main(sys.argv[2:]))
