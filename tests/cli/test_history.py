"""`gooclaim history`: what was received is listed, filtered, shown and given back exactly."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .stored import HANDLER, RAW, fill, fill_many, fill_without_bodies
from .support import GOOCLAIM, Done, RunHere, environment, interrupt, run, started


@pytest.fixture
def bodies(home: Path) -> dict[str, bytes]:
    """A history with one delivery of each kind: their bodies."""
    return fill(home)


def objects(done: Done) -> list[dict[str, Any]]:
    """The JSON objects that a command wrote, and nothing else."""
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == "" or done.stdout.endswith("\n")
    return [json.loads(line) for line in done.stdout.splitlines()]


def ids(done: Done) -> list[str]:
    return [each["delivery_id"].removeprefix("dlv_") for each in objects(done)]


def a_time(value: Any) -> str:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value)
    return "a time"


@pytest.mark.parametrize("arguments", [["history"], ["history", "--json"]])
def test_a_history_that_does_not_exist_yet_is_an_empty_one(
    home: Path, run_here: RunHere, arguments: list[str]
) -> None:
    done = run_here(arguments)
    expected = "" if "--json" in arguments else "No deliveries.\n"
    assert (done.code, done.stdout, done.stderr) == (0, expected, "")
    assert list(home.iterdir()) == []


def test_a_list_has_the_newest_first(run_here: RunHere, bodies: dict[str, bytes]) -> None:
    done = run_here(["history"])
    assert (done.code, done.stderr) == (0, "")
    heading, *rows = done.stdout.splitlines()
    received, zone, *others = heading.split()
    assert [received, *others] == ["RECEIVED", "TYPE", "EVENT", "OUTCOME", "HTTP", "TRY"]
    assert re.fullmatch(r"UTC([+-]\d\d:\d\d)?", zone)
    assert len(rows) == len(bodies)
    assert rows[0].split()[-3:] == ["rejected", "400", "0"]
    for row, expected in zip(
        rows[1:], ["evt_TWICE", "evt_FAILED", "evt_GOOD", "evt_OLD"], strict=True
    ):
        assert expected in row
    assert "pending_docs.uploaded" in rows[2]
    assert "failed" in rows[2]


def test_an_object_of_the_list_has_these_members(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    found = objects(run_here(["history", "--json"]))
    by_id = {each["delivery_id"]: each | {"at": a_time(each["at"])} for each in found}
    assert by_id["dlv_FAILED"] == {
        "kind": "delivery",
        "at": "a time",
        "delivery_id": "dlv_FAILED",
        "event_id": "evt_FAILED",
        "event_type": "pending_docs.uploaded",
        "tenant_id": "tnt_x",
        "idempotency_key": "idem_FAILED",
        "bytes": len(bodies["FAILED"]),
        "body_sha256": hashlib.sha256(bodies["FAILED"]).hexdigest(),
        "verdict": "verified",
        "reasons": [],
        "duplicate": False,
        "disposition": "fresh",
        "attempt": 1,
        "outcome": "failed",
        "response_status": 500,
        "body_kept": True,
    }
    assert by_id["dlv_TWICE"]["duplicate"] is True
    assert by_id["dlv_TWICE"]["attempt"] == 2
    rejected = by_id["dlv_BAD"]
    assert (rejected["verdict"], rejected["outcome"]) == ("rejected", "rejected")
    assert (rejected["event_id"], rejected["event_type"]) == (None, None)
    assert "signature_malformed" in rejected["reasons"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["BAD", "TWICE", "FAILED", "GOOD", "OLD"]),
        (["--limit", "2"], ["BAD", "TWICE"]),
        (["--limit", "0"], ["BAD", "TWICE", "FAILED", "GOOD", "OLD"]),
        (["--type", "workflow.*"], ["TWICE", "GOOD", "OLD"]),
        (["--type", "pending_docs.uploaded"], ["FAILED"]),
        (["--type", "nothing"], []),
        (["--outcome", "rejected"], ["BAD"]),
        (["--outcome", "duplicate"], ["TWICE"]),
        (["--since", "1h"], ["BAD", "TWICE", "FAILED", "GOOD"]),
        (["--since", "30"], ["BAD", "TWICE", "FAILED"]),
        (["--since", "2026-05-20T10:14:25Z"], ["BAD", "TWICE", "FAILED", "GOOD", "OLD"]),
        (["--since", "2126-05-20"], []),
        (["--type", "workflow.*", "--since", "1h", "--limit", "1"], ["TWICE"]),
    ],
)
def test_filters_narrow_the_list(
    run_here: RunHere, bodies: dict[str, bytes], arguments: list[str], expected: list[str]
) -> None:
    assert set(expected) <= bodies.keys()
    assert ids(run_here(["history", "--json", *arguments])) == expected


def test_the_list_ends_at_fifty_unless_more_are_wanted(run_here: RunHere, home: Path) -> None:
    fill_many(home, 60)
    assert len(ids(run_here(["history", "--json"]))) == 50
    assert len(ids(run_here(["history", "--json", "--limit", "60"]))) == 60


def test_a_list_from_which_nothing_is_left_says_so(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    assert bodies
    assert run_here(["history", "--type", "nothing"]).stdout == "No deliveries.\n"


def test_all_tries_of_an_event_are_shown_beside_one(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    assert bodies
    shown = run_here(["history", "show", "dlv_TWICE"]).stdout
    assert re.search(r"^   TRY  RECEIVED +DELIVERY +OUTCOME +HTTP  HANDLER$", shown, re.MULTILINE)
    first, second = re.findall(r"^(?:→ |  )   [12]  .*$", shown, re.MULTILINE)
    assert re.fullmatch(r"     1  \S+ \S+  dlv_GOOD +delivered   200  200, 42 ms", first)
    assert re.fullmatch(r"→    2  \S+ \S+  dlv_TWICE +duplicate   200  200, 42 ms", second)
    (found,) = objects(run_here(["history", "show", "dlv_GOOD", "--json"]))
    one, other = found["attempts"]
    assert (one["attempt"], one["delivery_id"], one["response_status"]) == (1, "dlv_GOOD", 200)
    assert (one["handler"]["status"], one["handler"]["ms"]) == (200, 42.0)
    assert (other["attempt"], other["outcome"], other["handler"]) == (
        2,
        "duplicate",
        one["handler"],
    )
    assert "DELIVERY" not in run_here(["history", "show", "dlv_FAILED"]).stdout
    (rejected,) = objects(run_here(["history", "show", "dlv_BAD", "--json"]))
    assert [each["handler"] for each in rejected["attempts"]] == [None]


@pytest.mark.parametrize("wanted", ["dlv_FAILED", "evt_FAILED", "idem_F", "evt_F", "dlv_F"])
def test_a_delivery_is_found_by_any_of_its_ids_and_their_beginning(
    run_here: RunHere, bodies: dict[str, bytes], wanted: str
) -> None:
    (found,) = objects(run_here(["history", "show", wanted, "--json"]))
    assert found["delivery_id"] == "dlv_FAILED"
    assert found["body"].encode() == bodies["FAILED"]


def test_the_object_of_one_delivery_has_headers_body_and_forwards(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    (listed,) = objects(run_here(["history", "--json", "--outcome", "failed"]))
    (found,) = objects(run_here(["history", "show", "evt_FAILED", "--json"]))
    forwards = [each | {"at": a_time(each["at"])} for each in found["forwards"]]
    headers = dict(found["headers"])
    assert found == listed | {
        "headers": found["headers"],
        "body": bodies["FAILED"].decode(),
        "forwards": found["forwards"],
        "attempts": found["attempts"],
    }
    assert [each["delivery_id"] for each in found["attempts"]] == ["dlv_FAILED"]
    assert headers["X-Gooclaim-Event"] == "pending_docs.uploaded"
    assert headers["X-Gooclaim-Idempotency-Key"] == "idem_FAILED"
    assert forwards == [
        {
            "forward": "live",
            "at": "a time",
            "url": HANDLER,
            "status": 500,
            "ms": 42.0,
            "error": None,
            "message": "",
            "late": False,
            "headers": [["X-A", "1"]],
            "body_base64": "/25v",
        }
    ]


def test_a_body_that_is_no_text_is_given_in_base_64(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    assert bodies["BAD"] == RAW
    (found,) = objects(run_here(["history", "show", "dlv_BAD", "--json"]))
    assert "body" not in found
    assert found["body_base64"] == "/wANChtbMzFteyJub3QiOiBqc29u"


def test_one_delivery_is_shown_to_people_without_what_commands_a_terminal(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    assert bodies
    shown = run_here(["history", "show", "evt_F"])
    assert (shown.code, shown.stderr) == (0, "")
    for word in ("evt_FAILED", "X-Gooclaim-Signature", '"n": 1.50', f"Forwarded to {HANDLER}: 500"):
        assert word in shown.stdout
    odd = run_here(["history", "show", "dlv_BAD"]).stdout
    assert odd.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["FAILED", "BAD", "GOOD"])
def test_raw_writes_the_exact_bytes_to_a_pipe(
    home: Path, bodies: dict[str, bytes], name: str
) -> None:
    done = run(["history", "show", f"dlv_{name}", "--raw"], home)
    assert (done.code, done.raw, done.stderr) == (0, bodies[name], "")


@pytest.mark.parametrize("wanted", ["evt_NOBODY", "\udcff", "%", "'"])
def test_what_is_not_in_the_history_is_told(
    run_here: RunHere, bodies: dict[str, bytes], wanted: str
) -> None:
    assert bodies
    for more in ([], ["--json"], ["--raw"]):
        run_here(["history", "show", wanted, *more]).refused(1, "nothing in the history")


def test_a_beginning_that_fits_several_is_told_with_some_of_them(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    assert bodies
    for wanted in ("evt_", "dlv_", ""):
        run_here(["history", "show", wanted]).refused(1, "several", "give more of the id")


def test_raw_and_json_exclude_each_other(run_here: RunHere, bodies: dict[str, bytes]) -> None:
    assert bodies
    run_here(["history", "show", "evt_G", "--raw", "--json"]).refused(2, "--raw and --json")


def test_a_type_that_no_text_can_be_finds_nothing(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    """Bytes on the command line that are not UTF-8."""
    assert bodies
    assert ids(run_here(["history", "--json", "--type", "\udcff"])) == []


def test_a_reader_that_has_seen_enough_ends_the_list_calmly(home: Path) -> None:
    fill_many(home, 2000)
    with started(["history", "--json", "--limit", "0"], home) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["delivery_id"] == "dlv_001999"
        process.stdout.close()
        errors = process.stderr.read()
        assert (process.wait(), errors) == (1, b"")


def test_an_interrupted_list_ends_calmly(home: Path) -> None:
    """It waits for a reader of a full pipe when Ctrl-C comes."""
    fill_many(home, 2000)
    with started(["history", "--json", "--limit", "0"], home) as process:
        assert process.stdout is not None
        process.stdout.readline()
        interrupt(process)
        done = Done.of(process)
        assert (done.code, done.stderr) == (130, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_an_output_that_is_full_is_told(
    home: Path, bodies: dict[str, bytes], more: list[str]
) -> None:
    assert bodies
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*GOOCLAIM, "history", *more],
            env=environment(home),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.decode().splitlines() == [
        "error: no space is left to write to",
        "  make room and run it again",
    ]


def test_a_body_that_was_not_kept_is_missing_by_name(run_here: RunHere, home: Path) -> None:
    """No command shows an empty body in its place."""
    body = fill_without_bodies(home, "BARE")
    refused = run_here(["history", "show", "evt_BARE", "--raw"])
    refused.refused(1, "the body of dlv_BARE was not kept", f"({len(body)} bytes)")
    shown = run_here(["history", "show", "evt_BARE"])
    assert "(the body was not kept)" in shown.stdout
    (one,) = objects(run_here(["history", "show", "evt_BARE", "--json"]))
    (exported,) = objects(run_here(["history", "export"]))
    for each in (one, exported):
        assert (each["body"], each["body_kept"], each["bytes"]) == (None, False, len(body))
        assert each["body_sha256"] == hashlib.sha256(body).hexdigest()
