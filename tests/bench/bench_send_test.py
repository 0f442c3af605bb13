"""How long one `send-test` takes from prompt to exit, against an empty Typer app with httpx.

    python -m tests.bench.bench_send_test [--rounds 15]

The candidate signs an event, sends it to a handler on loopback, and shows the answer; the baseline
imports Typer and httpx and runs a command that does nothing. Both take turns in one run; the
figures are medians of whole processes.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.bench_startup import milliseconds

AT_MOST = 1.6
BASELINE = '''
import httpx
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    """Do nothing."""


app()
'''


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    handler = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with handler, tempfile.TemporaryDirectory() as folder:
        assert handler.stdin is not None
        assert handler.stdout is not None
        port = handler.stdout.readline().strip()
        os.environ |= {"GOOCLAIM_HOME": folder, "GOOCLAIM_SIGNING_SECRET": "whsec_obviously_fake"}
        script = Path(folder) / "baseline.py"
        script.write_text(BASELINE)
        commands = {
            "baseline": [sys.executable, str(script)],
            "send-test": [
                *(sys.executable, "-m", "gooclaim_cli", "send-test", "workflow.completed"),
                *("--to", f"127.0.0.1:{port}"),
            ],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(milliseconds(command))
        handler.stdin.close()
    medians = {name: statistics.median(each) for name, each in times.items()}
    ratio = medians["send-test"] / medians["baseline"]
    print(
        f"send-test  ratio {ratio:.2f} (at most {AT_MOST})  gooclaim {medians['send-test']:.0f} ms,"
        f" empty Typer app that imports httpx {medians['baseline']:.0f} ms"
    )


if __name__ == "__main__":
    main()
