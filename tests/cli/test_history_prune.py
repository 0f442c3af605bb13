"""`gooclaim history prune`: asks first, deletes for good, tells what went."""

import json
import sqlite3
import sys
from pathlib import Path

import pytest

from .stored import HANDLER, fill
from .support import GOOCLAIM, RunHere, environment, run, started

pytestmark = pytest.mark.usefixtures("bodies")


@pytest.fixture
def bodies(home: Path) -> dict[str, bytes]:
    """A history with one delivery of each kind: their bodies."""
    return fill(home)


def left(home: Path) -> list[str]:
    connection = sqlite3.connect(home / "history.db")
    found = [
        row[0].removeprefix("dlv_")
        for row in connection.execute("SELECT delivery_id FROM delivery ORDER BY id")
    ]
    connection.close()
    return found


ALL = ["OLD", "GOOD", "FAILED", "TWICE", "BAD"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--older-than", "1h"], ALL[1:]),
        (["--older-than", "30s"], ALL[2:]),
        (["--type", "pending_docs.*"], ["OLD", "GOOD", "TWICE", "BAD"]),
        (["--type", "workflow.*", "--older-than", "1h"], ALL[1:]),
        (["--type", "nothing"], ALL),
        (["--older-than", "0s"], []),
        (["--all"], []),
    ],
)
def test_what_was_asked_for_goes(
    home: Path, run_here: RunHere, arguments: list[str], expected: list[str]
) -> None:
    looked = run_here(["history", "prune", *arguments, "--dry-run", "--json"])
    assert (looked.code, looked.stderr) == (0, "")
    assert left(home) == ALL
    done = run_here(["history", "prune", *arguments, "--yes", "--json"])
    assert (done.code, done.stderr) == (0, "")
    would, did = json.loads(looked.stdout), json.loads(done.stdout)
    assert left(home) == expected
    assert did.keys() == {"kind", "at", "deliveries", "bytes", "dry_run", "gone_from_disk"}
    assert (did["kind"], did["dry_run"], did["gone_from_disk"]) == ("prune", False, True)
    assert did["deliveries"] == would["deliveries"] == len(ALL) - len(expected)
    assert did["bytes"] == would["bytes"]
    assert would["dry_run"] is True


def test_people_are_told_in_a_sentence(run_here: RunHere) -> None:
    looked = run_here(["history", "prune", "--older-than", "1h", "--dry-run"])
    assert looked.stdout.startswith("Would delete 1 delivery, ")
    done = run_here(["history", "prune", "--all", "-y"])
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith("Deleted 5 deliveries, ")
    assert done.stdout.endswith(" bytes.\n")
    again = run_here(["history", "prune", "--all", "-y"])
    assert (again.code, again.stdout) == (0, "Deleted 0 deliveries, 0 bytes.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing says what to prune"),
        (["--yes"], "nothing says what to prune"),
        (["--all", "--type", "x"], "--all goes without"),
        (["--all"], "add --yes"),
        (["--all", "--json"], "add --yes"),
        (["--older-than", "soon", "--yes"], "--older-than: 'soon' is not a span"),
    ],
)
def test_what_is_not_said_clearly_deletes_nothing(
    home: Path, run_here: RunHere, arguments: list[str], words: str
) -> None:
    run_here(["history", "prune", *arguments]).refused(2, words)
    assert left(home) == ALL


def test_options_of_the_list_in_front_are_not_taken_for_its_own(
    home: Path, run_here: RunHere
) -> None:
    """They would seem to narrow what is deleted."""
    for option in (["--type", "x"], ["--since", "1h"], ["--limit", "1"], ["--json"]):
        done = run_here(["history", *option, "prune", "--all", "--yes"])
        done.refused(2, "in front of prune")
    assert left(home) == ALL


def test_no_trace_of_a_body_is_left_while_a_session_runs(
    home: Path, bodies: dict[str, bytes]
) -> None:
    listen = ["listen", "--tunnel", "none", "--json"]
    with started(listen, home, GOOCLAIM_SIGNING_SECRET="whsec_x") as session:
        assert session.stdout is not None
        assert json.loads(session.stdout.readline())["kind"] == "ready"
        done = run(["history", "prune", "--all", "--yes", "--json"], home)
        assert (done.code, json.loads(done.stdout)["gone_from_disk"]) == (0, True)
        content = b"".join(each.read_bytes() for each in home.glob("history.db*"))
        for body in bodies.values():
            assert body not in content
        assert b"1.50" not in content
        assert HANDLER.encode() not in content
        assert session.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code", "kept"), [("y", 0, []), ("", 1, ALL), ("no", 1, ALL)])
def test_on_a_terminal_it_asks(home: Path, answer: str, code: int, kept: list[str]) -> None:
    import pexpect

    child = pexpect.spawn(
        GOOCLAIM[0],
        [*GOOCLAIM[1:], "history", "prune", "--all"],
        env=environment(home),
        timeout=20,
        encoding="utf-8",
    )
    child.expect(r"Delete 5 deliveries, [\d,]+ bytes, for good\? \[y/N\] ")
    child.sendline(answer)
    child.expect("Deleted 5 deliveries" if kept == [] else "Nothing was deleted.")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    assert left(home) == kept
