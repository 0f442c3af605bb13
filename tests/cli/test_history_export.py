"""`gooclaim history export`: everything in full, whole or not at all, for its owner alone."""

import base64
import gzip
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.wire import Delivery, verify

from .stored import SECRET, fill, fill_many
from .support import GOOCLAIM, RunHere, environment, interrupt, run, started


@pytest.fixture
def bodies(home: Path) -> dict[str, bytes]:
    """A history with one delivery of each kind: their bodies."""
    return fill(home)


def objects(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def body_of(found: dict[str, Any]) -> bytes:
    if "body" in found:
        return str(found["body"]).encode()
    return base64.b64decode(found["body_base64"])


def names(found: list[dict[str, Any]]) -> list[str]:
    return [each["delivery_id"].removeprefix("dlv_") for each in found]


def test_what_is_exported_can_be_verified_again(home: Path, bodies: dict[str, bytes]) -> None:
    file = home / "out.jsonl"
    done = run(["history", "export", str(file)], home)
    assert (done.code, done.stdout, done.stderr) == (0, "", "")
    found = objects(file.read_bytes())
    assert names(found) == ["OLD", "GOOD", "FAILED", "TWICE", "BAD"]
    for each, name in zip(found, names(found), strict=True):
        assert body_of(each) == bodies[name]
        headers = tuple((header, value) for header, value in each["headers"])
        delivery = Delivery(headers, body_of(each))
        stamp = float(delivery.value("X-Gooclaim-Timestamp") or 0)
        assert verify(delivery, [SECRET], now=stamp).ok == (name != "BAD")
        assert len(each["forwards"]) == (name != "BAD")
    (shown,) = objects(run(["history", "show", "evt_FAILED", "--json"], home).raw)
    assert [each["delivery_id"] for each in shown.pop("attempts")] == ["dlv_FAILED"]
    assert shown == found[2]
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_standard_output_and_compressed_files_hold_the_same(
    home: Path, bodies: dict[str, bytes]
) -> None:
    assert bodies
    plain = run(["history", "export"], home)
    assert (plain.code, plain.stderr) == (0, "")
    assert run(["history", "export", "-"], home).raw == plain.raw
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        assert run(["history", "export", str(home / name)], home).code == 0
    assert gzip.decompress((home / "a.jsonl.gz").read_bytes()) == plain.raw
    assert (home / "a.jsonl.gz").read_bytes() == (home / "b.jsonl.gz").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--type", "workflow.*"], ["OLD", "GOOD", "TWICE"]),
        (["--outcome", "rejected"], ["BAD"]),
        (["--since", "1h"], ["GOOD", "FAILED", "TWICE", "BAD"]),
        (["--limit", "2"], ["TWICE", "BAD"]),
        (["--limit", "1", "--type", "workflow.*", "--since", "1h"], ["TWICE"]),
        (["--type", "nothing"], []),
    ],
)
def test_filters_are_those_of_the_list(
    run_here: RunHere, bodies: dict[str, bytes], arguments: list[str], expected: list[str]
) -> None:
    assert bodies
    done = run_here(["history", "export", *arguments])
    assert (done.code, done.stderr) == (0, "")
    assert names(objects(done.stdout.encode())) == expected


def test_a_file_that_exists_is_not_replaced_unless_asked(
    home: Path, run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    assert bodies
    file = home / "out.jsonl"
    file.write_text("mine")
    run_here(["history", "export", str(file)]).refused(2, f"{file} exists", "--force")
    assert file.read_text() == "mine"
    assert run_here(["history", "export", str(file), "--force"]).code == 0
    assert len(objects(file.read_bytes())) == 5


def test_a_place_where_no_file_can_be_is_told(home: Path, run_here: RunHere) -> None:
    run_here(["history", "export", str(home)]).refused(3, str(home), "no file")
    run_here(["history", "export", str(home / "no" / "x")]).refused(3, "cannot write")
    if sys.platform != "win32":
        run_here(["history", "export", "/dev/null", "--force"]).refused(3, "/dev/null")
        assert Path("/dev/null").is_char_device()


def test_without_a_history_the_file_is_empty(home: Path, run_here: RunHere) -> None:
    assert run_here(["history", "export", str(home / "out")]).code == 0
    assert (home / "out").read_bytes() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
def test_an_interrupted_export_leaves_nothing(home: Path) -> None:
    """A damaged row after many others, and Ctrl-C: no file, and no hidden one either."""
    import sqlite3

    fill_many(home, 900)
    connection = sqlite3.connect(home / "history.db")
    connection.execute("UPDATE delivery SET headers = '{' WHERE delivery_id = 'dlv_000899'")
    connection.commit()
    connection.close()
    folder = home / "to"
    folder.mkdir()
    run(["history", "export", str(folder / "out")], home).refused(3, "is damaged")
    assert list(folder.iterdir()) == []
    with started(["history", "export"], home) as process:
        assert process.stdout is not None
        process.stdout.readline()
        interrupt(process)
        process.communicate()
        assert process.returncode == 130


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_a_short_export_says_nothing(home: Path, bodies: dict[str, bytes]) -> None:
    import pexpect

    assert bodies
    file = home / "out"
    child = pexpect.spawn(
        GOOCLAIM[0],
        [*GOOCLAIM[1:], "history", "export", str(file)],
        env=environment(home),
        timeout=20,
    )
    assert len(child.read()) == 0
    child.close()
    assert child.exitstatus == 0
    assert os.access(file, os.R_OK)
