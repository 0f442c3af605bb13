"""How fast `gooclaim verify` is: its start, many small deliveries, large bodies, memory.

    python -m tests.bench.bench_verify [--rounds 5] [--lines 100000]

Each figure is a ratio against a baseline of the same run, in processor time of one core (the start:
in elapsed time, medians of whole processes that take turns).
"""

import argparse
import hmac
import io
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from rich.console import Console

from gooclaim_cli.capture_files import CaptureFiles
from gooclaim_cli.checking import Rules
from gooclaim_cli.render.verdicts import VerdictLines
from gooclaim_cli.verifying import Diagnoser, run
from gooclaim_cli.wire import SigningSecret, sign_delivery, verify
from gooclaim_cli.wire.captures import Capture

SECRET = SigningSecret("whsec_bench_fake")
SIGNED_AT = 1_779_272_065
EMPTY_APP = """
import typer

app = typer.Typer()


@app.command()
def nothing(path: str = "") -> None:
    \"\"\"Do nothing.\"\"\"


app()
"""


def body_of(number: int, size: int) -> bytes:
    """An envelope of this size in bytes."""
    members = {
        "event_id": f"evt_01KS1QZJ5R{number:016d}",
        "event_type": "workflow.completed",
        "tenant_id": "tnt_bench",
        "occurred_at": "2026-05-20T10:14:25Z",
        "data": {"workflow_id": f"wf_{number}", "claim_id_hash": "sha256:" + "ab" * 32, "note": ""},
    }
    members["data"]["note"] = "x" * (size - len(json.dumps(members, separators=(",", ":"))))  # type: ignore[index]
    return json.dumps(members, separators=(",", ":")).encode()


def line_of(number: int, size: int) -> bytes:
    """A line of an export."""
    body = body_of(number, size)
    delivery = sign_delivery(
        body,
        SECRET,
        event_type="workflow.completed",
        idempotency_key=f"idem_{number}",
        timestamp=SIGNED_AT,
    )
    members = {"kind": "delivery", "at": "2026-05-20T10:14:26.250Z", "headers": delivery.headers}
    return json.dumps({**members, "body": body.decode(), "forwards": []}).encode() + b"\n"


def write_lines(path: Path, count: int, size: int) -> None:
    with path.open("wb") as stream:
        for number in range(count):
            stream.write(line_of(number, size))


def seconds_of(work: Callable[[], object]) -> float:
    """Processor time of this process."""
    started = time.process_time()
    work()
    return time.process_time() - started


def bare_loop(path: Path, decode: Callable[[bytes], dict[str, str]]) -> None:
    """Decode each line and hash its body: what nobody can do without."""
    key = SECRET.key
    with path.open("rb") as stream:
        for line in stream:
            hmac.digest(key, decode(line)["body"].encode(), "sha256")


def the_command(path: Path) -> None:
    """All that the command does for a file, its lines included."""
    rules = Rules(secrets=[SECRET], now=float(SIGNED_AT))

    def find(_wanted: str) -> Capture | None:
        return None

    output = io.TextIOWrapper(io.FileIO(os.devnull, "w"))
    shown = VerdictLines(Console(file=output, width=200), Console(file=output, width=200))
    counts = run(CaptureFiles([str(path)], find), rules, Diagnoser(rules, time.monotonic), shown)
    assert counts.verified == counts.captures > 0


def medians(rounds: int, works: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(work())
    return {name: statistics.median(each) for name, each in taken.items()}


def start(folder: Path, rounds: int) -> None:
    script, capture = folder / "empty.py", folder / "one.jsonl"
    script.write_text(EMPTY_APP)
    write_lines(capture, 1, 600)
    variables = {
        **os.environ,
        "GOOCLAIM_HOME": str(folder),
        "GOOCLAIM_SIGNING_SECRET": SECRET.value,
    }
    command = [sys.executable, "-m", "gooclaim_cli", "verify", str(capture), "--no-expiry"]

    def elapsed(arguments: list[str]) -> float:
        started = time.perf_counter()
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, env=variables)
        return (time.perf_counter() - started) * 1000

    taken = medians(
        3 * rounds,
        {
            "empty": lambda: elapsed([sys.executable, str(script)]),
            "verify": lambda: elapsed(command),
        },
    )
    ratio = taken["verify"] / taken["empty"]
    print(
        f"one capture of 600 bytes, cold: {ratio:.2f} x an empty Typer app (at most 1.5);"
        f" {taken['verify']:.0f} ms, {taken['empty']:.0f} ms"
    )


def many(folder: Path, rounds: int, count: int) -> None:
    path, half = folder / "many.jsonl", folder / "half.jsonl"
    write_lines(path, count, 600)
    write_lines(half, count // 2, 600)
    taken = medians(
        rounds,
        {
            "json": lambda: seconds_of(lambda: bare_loop(path, json.loads)),
            "msgspec": lambda: seconds_of(lambda: bare_loop(path, msgspec.json.decode)),
            "verify": lambda: seconds_of(lambda: the_command(path)),
            "half": lambda: seconds_of(lambda: the_command(half)),
        },
    )
    print(
        f"{count:,} deliveries of 600 bytes: {taken['json'] / taken['verify']:.2f} of the rate of a"
        f" bare loop of json.loads and hmac.digest (at least 0.5),"
        f" {taken['msgspec'] / taken['verify']:.2f} of one of msgspec.json.decode;"
        f" {count / taken['verify']:,.0f} a second"
    )
    print(f"twice the lines: {taken['verify'] / taken['half']:.2f} x the time (2 is linear)")


def records_of(number: int, size: int) -> bytes:
    """An envelope of about this size, of many small members: what a JSON reader is slowest at."""
    members = json.loads(body_of(number, 600))
    record = {"document": "doc_0", "kind": "discharge-summary", "pages": 3, "hash": "ab" * 32}
    count = size // (len(json.dumps(record, separators=(",", ":"))) + 1)
    members["data"] = {"documents": [record] * count}
    return json.dumps(members, separators=(",", ":")).encode()


def large(rounds: int, size: int = 65536, count: int = 2000) -> None:
    def checking(body: Callable[[int, int], bytes]) -> Callable[[], float]:
        deliveries = [
            sign_delivery(
                body(number, size), SECRET, event_type="workflow.completed", idempotency_key="i",
                timestamp=SIGNED_AT,
            )
            for number in range(16)
        ]  # fmt: skip
        each = sum(len(delivery.body) for delivery in deliveries) / 16

        def check() -> None:
            for number in range(count):
                delivery = deliveries[number % 16]
                verdict = verify(delivery, [SECRET], now=SIGNED_AT, tolerance=math.inf)
                assert verdict.ok

        return lambda: count * each / seconds_of(check)

    rates = medians(
        rounds,
        {
            "text": checking(body_of),
            "openssl": lambda: openssl(size),
            "records": checking(records_of),
        },
    )
    told = rates["text"], rates["openssl"]
    print(
        f"bodies of 64 KiB: {told[0] / told[1]:.2f} of OpenSSL's rate of SHA-256 (at least 0.7);"
        f" {told[0] / 1e6:,.0f} MB/s, {told[1] / 1e6:,.0f} MB/s"
    )
    print(f"the same of many small members: {rates['records'] / rates['openssl']:.2f}")


def openssl(size: int) -> float:
    """What `openssl speed` says: bytes a second of one core."""
    command = ["openssl", "speed", "-seconds", "1", "-bytes", str(size), "-evp", "sha256", "-mr"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = next(line for line in done.stdout.splitlines() if line.startswith("+F"))
    return float(figures.split(":")[-1])


PEAK = """
import resource, runpy, sys
sys.argv = ["gooclaim", "verify", "-", "--no-expiry"]
try:
    runpy.run_module("gooclaim_cli", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


def memory(folder: Path, count: int) -> None:
    """The most that a process holds, whatever it reads."""
    variables = {
        **os.environ,
        "GOOCLAIM_HOME": str(folder),
        "GOOCLAIM_SIGNING_SECRET": SECRET.value,
    }
    lines = [line_of(number, 600) for number in range(100)]
    peaks = [peak(lines, each, variables) for each in (count // 10, count)]
    print(
        f"{count:,} lines instead of {count // 10:,}: {peaks[1] / peaks[0]:.2f} x the memory (1 is"
        f" constant); {peaks[1] / 1024:.0f} MiB at most"
    )


def peak(lines: list[bytes], count: int, variables: dict[str, str]) -> int:
    with subprocess.Popen(
        [sys.executable, "-c", PEAK],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=variables,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        for piece in pieces(lines, count):
            process.stdin.write(piece)
        process.stdin.close()
        return int(process.stderr.read())


def pieces(lines: list[bytes], count: int) -> Iterator[bytes]:
    block = b"".join(lines)
    for _ in range(count // len(lines)):
        yield block


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start(folder, options.rounds)
        many(folder, options.rounds, options.lines)
        large(options.rounds)
        memory(folder, options.lines)


if __name__ == "__main__":
    main()
