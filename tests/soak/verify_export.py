"""Have `gooclaim verify` read an export of any size, and watch its memory.

    python -m tests.soak.verify_export --size 10GiB [--gz] [--file FOLDER]

The bodies have 300 bytes to 64 KiB, are written as text or base64, and all are well signed. They
come through a pipe; with --file, from a file in that folder, which is deleted at the end. What must
hold:

- every line is verified, and counted;
- memory is bounded, and at the end it is what it was after a tenth of the time (if it takes 10 s).

Prints what it took; exits 1 with what did not hold. It needs /proc, so Linux.
"""

import argparse
import base64
import contextlib
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import bench_verify

MOST_MIB = 120.0
MORE_THAN_EARLY_MIB = 8.0
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZES = (*(300, 600, 600, 600, 1200) * 13, *(4000,) * 4, 65536)
_LONG_ENOUGH = 10.0  # seconds, to tell growth from the start
_EVERY = 0.05  # seconds between two looks at the memory


class Lost(Exception):  # noqa: N818 - as in the other soaks
    """Something did not hold."""


@dataclass(frozen=True)
class Pieces:
    """Lines to be given again and again: their number, their bytes, and those bytes as they go."""

    lines: int
    size: int
    sent: bytes

    @classmethod
    def of(cls, *, compressed: bool) -> "Pieces":
        """Sign lines of every size."""
        lines = [line_of(number, _SIZES[number % len(_SIZES)]) for number in range(210)]
        plain = b"".join(lines)
        return cls(len(lines), len(plain), gzip.compress(plain, 1) if compressed else plain)


@dataclass
class Watched:
    """A process's memory over time: seconds, and the most that it has held until then in MiB."""

    process: subprocess.Popen[bytes]
    seen: list[tuple[float, float]]

    def look(self) -> None:
        """Look, if it is time."""
        now = time.monotonic()
        if self.seen and now < self.seen[-1][0] + _EVERY:
            return
        status = ""
        with contextlib.suppress(OSError):  # it may have ended
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        if found is not None:
            self.seen.append((now, int(found[1]) / 1024))

    @property
    def early_and_last(self) -> tuple[float, float]:
        """What it was after a tenth of the time, and at the end."""
        began, ended = self.seen[0][0], self.seen[-1][0]
        tenth = began + (ended - began) / 10
        return next(most for at, most in self.seen if at >= tenth), self.seen[-1][1]


def line_of(number: int, size: int) -> bytes:
    """A line of an export; each third one has its body in base64."""
    line = bench_verify.line_of(number, size)
    if number % 3:
        return line
    members = json.loads(line)
    members["body_base64"] = base64.b64encode(members.pop("body").encode()).decode()
    return json.dumps(members).encode() + b"\n"


def soak(size: int, *, compressed: bool, folder: Path | None) -> str:
    """Verify so many bytes of lines. Returns what to print; raises Lost."""
    pieces = Pieces.of(compressed=compressed)
    times = -(-size // pieces.size)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        path = "-"
        if folder is not None:
            path = str(stack.enter_context(written(folder, pieces, times)))
            began = time.monotonic()
        summary, watched = verified(Path(home), path, pieces, times)
    took = time.monotonic() - began
    expected = {"captures": times * pieces.lines, "verified": times * pieces.lines}
    if {name: summary.get(name) for name in expected} != expected:
        raise Lost(f"of {expected['captures']:,} lines, it told {summary}")
    early, last = watched.early_and_last
    grown = took > _LONG_ENOUGH and last > early + MORE_THAN_EARLY_MIB
    if last > MOST_MIB or grown:
        raise Lost(f"memory: {early:.0f} MiB after a tenth of the time, {last:.0f} MiB at the end")
    return (
        f"{times * pieces.size / (1 << 30):.2f} GiB, {expected['captures']:,} lines: {took:.1f} s,"
        f" {times * pieces.size / took / 1e6:,.0f} MB/s; memory {early:.1f} MiB after a tenth of"
        f" the time, {last:.1f} MiB at most"
    )


@contextlib.contextmanager
def written(folder: Path, pieces: Pieces, times: int) -> Iterator[Path]:
    """A file of all lines, deleted in the end."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix="soak-", suffix=".jsonl") as stream:
        for _ in range(times):
            stream.write(pieces.sent)
        stream.flush()
        yield Path(stream.name)


def verified(
    home: Path, path: str, pieces: Pieces, times: int
) -> tuple[dict[str, object], Watched]:
    """Run the command; its last line, and its memory."""
    told = home / "told.jsonl"
    command = [sys.executable, "-m", "gooclaim_cli", "verify", path, "--no-expiry", "--json"]
    variables = {"GOOCLAIM_HOME": str(home), "GOOCLAIM_SIGNING_SECRET": bench_verify.SECRET.value}
    with (
        told.open("wb") as last,
        subprocess.Popen(["tail", "-n", "1"], stdin=subprocess.PIPE, stdout=last) as tail,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=tail.stdin, env=os.environ | variables
        ) as process,
    ):
        assert process.stdin is not None
        assert tail.stdin is not None
        tail.stdin.close()
        watched = Watched(process, [])
        with contextlib.suppress(BrokenPipeError):  # what it ended with is told below
            for _ in range(times if path == "-" else 0):
                process.stdin.write(pieces.sent)
                watched.look()
            process.stdin.close()
        while process.poll() is None:
            watched.look()
            time.sleep(_EVERY / 5)
    if process.returncode:
        raise Lost(f"it ended with {process.returncode}")
    summary: dict[str, object] = json.loads(told.read_bytes())
    return summary, watched


def bytes_of(text: str) -> int:
    """How many bytes `10GiB` or `5MiB` are."""
    found = re.fullmatch(r"(\d+) ?([KMG]iB|)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 10GiB")
    return int(found[1]) * _UNITS[found[2]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments, soak, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--size", type=bytes_of, default="1GiB")
    parser.add_argument("--gz", action="store_true")
    parser.add_argument("--file", type=Path, metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        print(soak(options.size, compressed=options.gz, folder=options.file))
    except Lost as error:
        print(error)
        return 1
    print("all held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
