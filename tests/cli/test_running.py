"""gooclaim_cli.cli.running: which signals end a command, and which leave at once."""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, os, signal, sys
from gooclaim_cli.cli.running import end_on_signals, run

async def main():
    end_on_signals(lambda: print("ends", flush=True), lambda: "something")
    for name, pause in zip(sys.argv[1::2], sys.argv[2::2]):
        os.kill(os.getpid(), getattr(signal, name))
        await asyncio.sleep(float(pause))

run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it sends itself signals")
@pytest.mark.parametrize(
    ("signals", "code", "stops"),
    [
        ("SIGINT 0.01 SIGINT 0.01", 0, 1),  # one press, relayed
        ("SIGTERM 0.01 SIGINT 0.01", 0, 1),
        ("SIGINT 0.3 SIGINT 1", 130, 1),
        ("SIGHUP 0.3 SIGINT 1", 130, 1),
        ("SIGINT 0.3 SIGTERM 0.01", 0, 2),  # only Ctrl-C leaves at once
    ],
)
def test_a_ctrl_c_while_it_ends_leaves_at_once(signals: str, code: int, stops: int) -> None:
    """A quarter of a second makes it another press."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *signals.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    said = "\nerror: left at once\n  something\n" if code else ""
    assert (done.returncode, done.stdout, done.stderr) == (code, "ends\n" * stops, said)
