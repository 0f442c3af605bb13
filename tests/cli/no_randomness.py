"""gooclaim with a random number generator that fails for as long as a file is there.

    python no_randomness.py FILE ARGUMENTS...

What fails is the standard library, at the outermost edge; what it leads to is gooclaim's own.
"""

import random
import sys
from pathlib import Path

from gooclaim_cli.__main__ import main

file = Path(sys.argv[1])


class Failing(random.Random):
    """What names deliveries."""

    def getrandbits(self, count: int, /) -> int:
        """Fail with a value that nobody is to see."""
        if file.exists():
            raise NotImplementedError("a value")
        return super().getrandbits(count)


random.Random = Failing  # type: ignore[misc]
sys.exit(main(sys.argv[2:]))
