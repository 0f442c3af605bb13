"""How long `--version` and `--help` take, against a two-command Typer app that does nothing.

    python -m tests.bench.bench_startup [--rounds 15]

Baseline and candidate take turns in one run; the figures are medians of whole processes.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASELINE = '''
import typer

app = typer.Typer()


def show(asked: bool) -> None:
    if asked:
        print("baseline 1.0")
        raise typer.Exit


@app.callback()
def main(version: bool = typer.Option(False, "--version", callback=show, is_eager=True)) -> None:
    """Do nothing."""


@app.command()
def one() -> None:
    """Do nothing."""


@app.command()
def two() -> None:
    """Do nothing."""


if __name__ == "__main__":
    app()
'''


def milliseconds(command: list[str]) -> float:
    """Run a command to its end."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "baseline.py"
        script.write_text(BASELINE)
        for option in ("--version", "--help"):
            commands = {
                "baseline": [sys.executable, str(script), option],
                "gooclaim": [sys.executable, "-m", "gooclaim_cli", option],
            }
            times: dict[str, list[float]] = {name: [] for name in commands}
            for _ in range(rounds):
                for name, command in commands.items():
                    times[name].append(milliseconds(command))
            medians = {name: statistics.median(each) for name, each in times.items()}
            ratio = medians["gooclaim"] / medians["baseline"]
            print(
                f"{option:<10} ratio {ratio:.2f} (at most 1.25)  gooclaim"
                f" {medians['gooclaim']:.0f} ms, empty Typer app {medians['baseline']:.0f} ms"
            )


if __name__ == "__main__":
    main()
