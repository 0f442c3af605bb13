"""`gooclaim scenario`, and `send-test --scenario`: what is sent, what is told, how it ends."""

import contextlib
import io
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from gooclaim_cli.stories.library import NAMES
from gooclaim_cli.stories.schema import scenario_schema
from gooclaim_cli.wire import IDEMPOTENCY_KEY_HEADER, Delivery, SigningSecret, decode_event, verify

from .handlers import SECRET, careful, handler
from .support import Done, RunHere, interrupt, started

ENV = {"GOOCLAIM_SIGNING_SECRET": SECRET}
AT_ONCE = ("--longest-wait", "0s")
BROKEN = """\
steps:
  - event: workflow.complted
  - event: workflow.completed
    after: soon
"""


def objects(done: Done) -> list[dict[str, Any]]:
    assert done.stderr == ""
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert all({"kind", "at"} <= each.keys() for each in found)
    return found


def story_file(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(dedent(text), "utf-8")
    return str(path)


Answer = Callable[[Delivery], int]


# The list, one of them, the schema


def test_the_list_names_each_with_what_happens(run_here: RunHere) -> None:
    done = run_here(["scenario", "list"], COLUMNS="80")
    assert (done.code, done.stderr) == (0, "")
    for name in NAMES:
        assert f"{name} " in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_the_list_as_json(run_here: RunHere) -> None:
    told = objects(run_here(["scenario", "list", "--json"]))
    assert [each["name"] for each in told] == list(NAMES)
    assert {each["kind"] for each in told} == {"scenario"}
    assert all(each["title"] and each["steps"] for each in told)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_one_is_shown_in_80_columns(run_here: RunHere, name: str) -> None:
    done = run_here(["scenario", "show", name], COLUMNS="80")
    assert (done.code, done.stderr) == (0, "")
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_steps_are_shown_in_the_order_in_which_they_arrive(run_here: RunHere) -> None:
    shown = run_here(["scenario", "show", "out-of-order"]).stdout
    assert shown.index("workflow.completed") < shown.index("workflow.started")
    (told,) = objects(run_here(["scenario", "show", "out-of-order", "--json"]))
    assert [(each["step"], each["happens"]) for each in told["steps"]] == [
        (3, 180),
        (1, 0),
        (2, 120),
    ]


def test_a_type_that_gooclaim_has_not_is_said_to_be_one(run_here: RunHere, tmp_path: Path) -> None:
    """It may be sent; and it may be a slip of the pen that looks like no other type."""
    mine = story_file(tmp_path, "steps: [{event: claim.begun}, {event: workflow.started}]")
    first, second = run_here(["scenario", "show", mine]).stdout.splitlines()[-2:]
    assert first == "     0s  claim.begun                a type that Gooclaim has not"
    assert second == "     0s  workflow.started"


def test_the_raw_file_is_one_to_start_from(run_here: RunHere, tmp_path: Path) -> None:
    raw = run_here(["scenario", "show", "pending-documents", "--raw"]).stdout
    assert yaml.safe_load(raw)["steps"]
    mine = story_file(tmp_path, raw)
    mine_shown, theirs = (
        run_here(["scenario", "show", named]).stdout for named in (mine, "pending-documents")
    )
    assert mine_shown == theirs


def test_the_schema_is_printed(run_here: RunHere) -> None:
    done = run_here(["scenario", "schema"])
    assert (done.code, json.loads(done.stdout)) == (0, scenario_schema())


# What cannot be meant


def test_mistakes_are_told_by_line_and_nothing_is_sent(run_here: RunHere, tmp_path: Path) -> None:
    mine = story_file(tmp_path, BROKEN)
    with handler(careful()) as hooks:
        run_here(["scenario", "run", mine, "--to", hooks.url], **ENV).refused(
            *(2, "mine.yaml has 2 mistakes", "line 2: ", "did you mean workflow.completed?"),
            *("line 4: after: 'soon' is not a span of time",),
        )
    assert hooks.seen == []
    run_here(["scenario", "show", mine], **ENV).refused(2, "line 2: ", "line 4: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("scenario", "show"),
        ("scenario", "show", "--json"),
        ("scenario", "run", "--to", "1"),
        ("send-test", "--to", "1", "--scenario"),
        ("listen", "--sandbox", "--scenario"),
    ],
)
def test_each_mistake_has_a_line_of_its_own(
    run_here: RunHere, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """What a mistake quotes of the file can begin none."""
    mine = story_file(tmp_path, f'{BROKEN}    name: "a\\nerror: b\\e"\n')
    done = run_here([*arguments, mine], COLUMNS="500", **ENV)
    done.refused(2)
    heading, *lines, hint = done.stderr.splitlines()
    assert heading == f"error: {mine} has 3 mistakes"
    assert [line.partition(": ")[0] for line in lines] == ["  line 2", "  line 4", "  line 5"]
    assert r"'a\nerror: b\x1b' is no name" in lines[2]
    assert hint.startswith("  gooclaim scenario show")


def test_what_is_neither_a_name_nor_a_file_is_refused(run_here: RunHere, tmp_path: Path) -> None:
    run_here(["scenario", "run", "pending"]).refused(2, "'pending'", "pending-documents")
    missing = str(tmp_path / "none.yaml")
    run_here(["scenario", "run", missing]).refused(3, "cannot read", missing)
    run_here(["scenario", "show", str(tmp_path)]).refused(3, "cannot read")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scenario", "run", "modes", "--speed", "fast"], "--speed"),
        (["scenario", "run", "modes", "--longest-wait", "never"], "--longest-wait"),
        (["scenario", "run", "modes", "--step"], "--step needs a person"),
        (["scenario", "run", "-", "--secret-file", "-"], "standard input can be read only once"),
        (["scenario", "show", "modes", "--raw", "--json"], "exclude each other"),
        (["send-test", "workflow.started", "--scenario", "modes"], "EVENT_TYPE"),
        (["send-test", "--scenario", "modes", "--fault", "stale"], "--fault"),
        (["send-test", "--scenario", "modes", "--seed", "7"], "--seed"),
        (["send-test", "workflow.started", "--junit", "x.xml"], "--junit belongs to --scenario"),
    ],
)
def test_options_that_cannot_be_meant(run_here: RunHere, arguments: list[str], words: str) -> None:
    run_here([*arguments, *([] if "show" in arguments else ["--to", "1"])], **ENV).refused(2, words)


def test_without_a_secret_nothing_is_sent(run_here: RunHere) -> None:
    with handler(careful()) as hooks:
        run_here(["scenario", "run", "modes", "--to", hooks.url]).refused(3, "no signing secret")
    assert hooks.seen == []


def test_a_handler_that_is_not_there_ends_it(run_here: RunHere, tmp_path: Path) -> None:
    with handler(careful()) as gone:
        pass
    report = tmp_path / "report.xml"
    command = ["scenario", "run", "modes", "--to", gone.url, "--junit", str(report)]
    done = run_here([*command, *AT_ONCE], **ENV)
    assert done.code == 1
    done.told("nothing listens on", "start your handler")
    assert not report.exists()


def test_a_report_that_cannot_be_written_is_told_before_anything_is_sent(
    run_here: RunHere, tmp_path: Path
) -> None:
    with handler(careful()) as hooks:
        command = ["scenario", "run", "modes", "--to", hooks.url, "--junit"]
        run_here([*command, str(tmp_path / "no" / "x.xml")], **ENV).refused(3, "cannot write")
        run_here([*command, str(tmp_path)], **ENV).refused(3, "is no file")
    assert hooks.seen == []


# A story that is played


@pytest.mark.parametrize("command", [("scenario", "run"), ("send-test", "--scenario")])
def test_a_handler_that_is_right_sees_the_whole_story(
    run_here: RunHere, command: tuple[str, str]
) -> None:
    with handler(careful()) as hooks:
        done = run_here(
            [*command, "pending-documents", "--to", hooks.url, "--speed", "100000x"],
            COLUMNS="80",
            **ENV,
        )
    assert (done.code, done.stderr) == (0, "")
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert "6 of 6 steps held." in done.stdout
    events = [decode_event(each.body) for each in hooks.seen]
    assert [each.event_type for each in events] == [
        *("workflow.started", "workflow.consent_required", "workflow.consent_granted"),
        *("pending_docs.uploaded", "pending_docs.uploaded"),
        *("workflow.completed", "workflow.completed"),  # the duplicate
    ]
    assert len({each.data["workflow_id"] for each in events}) == 1
    assert hooks.seen[-1].body == hooks.seen[-2].body
    now = time.time()
    assert all(verify(each, [SigningSecret(SECRET)], now=now).ok for each in hooks.seen)


def test_a_story_comes_from_standard_input(
    run_here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"steps: [{event: claim.fraud_suspect}]"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    with handler(careful()) as hooks:
        done = run_here(["scenario", "run", "-", "--to", hooks.url], **ENV)
    assert (done.code, len(hooks.seen)) == (0, 1)


def test_as_json_there_is_an_object_a_request_and_a_summary(run_here: RunHere) -> None:
    with handler(careful()) as hooks:
        done = run_here(
            ["scenario", "run", "fraud-suspicion", "--to", hooks.url, "--json", *AT_ONCE], **ENV
        )
    *forwards, summary = objects(done)
    assert done.code == 0
    assert {each["kind"] for each in forwards} == {"forward"}
    assert [
        (each["step"], each["status"], each["expected"], each["fault"]) for each in forwards
    ] == [
        (1, 200, "2xx", None),
        (1, 200, "2xx", None),
        (2, 200, "2xx", None),
        (3, 401, "4xx", "wrong-secret"),
    ]
    assert all(each["held"] and each["problems"] == [] for each in forwards)
    assert summary | {"at": ""} == {
        "kind": "summary",
        "at": "",
        "scenario": "fraud-suspicion",
        "steps": 3,
        "held": 3,
        "failed": 0,
        "not_played": 0,
        "forwarded": 4,
    }


@pytest.mark.parametrize(
    ("pace", "least", "most"),
    [
        (["--speed", "10000x"], 0.0, 5.5),
        (["--longest-wait", "100ms"], 0.2, 5.5),
        (["--longest-wait", "10s", "--speed", "100x"], 0.2, 10.0),
    ],
)
def test_a_story_takes_the_time_that_it_is_given(
    run_here: RunHere, tmp_path: Path, pace: list[str], least: float, most: float
) -> None:
    """Of its three days; at the pace that nothing else is said of, six seconds would pass."""
    mine = story_file(
        tmp_path,
        """
        steps:
          - event: workflow.started
          - {event: workflow.timed_out, after: 72h}
          - {event: workflow.started, after: 30s}
        """,
    )
    with handler(careful()) as hooks:
        begun = time.monotonic()
        assert run_here(["scenario", "run", mine, "--to", hooks.url, *pace], **ENV).code == 0
    assert least <= time.monotonic() - begun <= most


# Handlers that are wrong


def failed_steps(run_here: RunHere, named: str, answer: Answer) -> dict[int, list[str]]:
    """Play it to a handler: which steps failed, and with what problems."""
    with handler(answer) as hooks:
        done = run_here(["scenario", "run", named, "--to", hooks.url, "--json", *AT_ONCE], **ENV)
    *forwards, summary = objects(done)
    failed: dict[int, list[str]] = {}
    for each in forwards:
        if not each["held"]:
            failed.setdefault(each["step"], []).extend(each["problems"])
    assert (done.code, summary["failed"]) == (1 if failed else 0, len(failed))
    return failed


def test_one_that_believes_everybody_fails_the_forged_step(run_here: RunHere) -> None:
    failed = failed_steps(run_here, "fraud-suspicion", lambda _: 200)
    assert failed == {3: ["expected 4xx, got 200"]}


def refusing_duplicates() -> Answer:
    seen: set[str | None] = set()
    lock = threading.Lock()

    def answer(delivery: Delivery) -> int:
        key = delivery.value(IDEMPOTENCY_KEY_HEADER)
        with lock:
            known = key in seen
            seen.add(key)
        return 400 if known else 200

    return answer


@pytest.mark.parametrize(
    ("named", "steps"),
    [("claim-status", {2}), ("modes", {5}), ("retry-storm", {2, 3}), ("out-of-order", {3})],
)
def test_one_that_refuses_duplicates_fails_where_they_come(
    run_here: RunHere, named: str, steps: set[int]
) -> None:
    failed = failed_steps(run_here, named, refusing_duplicates())
    assert set(failed) == steps
    assert {problem for each in failed.values() for problem in each} <= {
        *("expected 2xx, got 400", "expected 2xx, 409 or 5xx, got 400"),
    }


def test_one_that_wants_the_beginning_first_fails_out_of_order(run_here: RunHere) -> None:
    begun: list[str] = []

    def answer(delivery: Delivery) -> int:
        if decode_event(delivery.body).event_type == "workflow.started":
            begun.append("")
        return 200 if begun else 500

    assert set(failed_steps(run_here, "out-of-order", answer)) == {3}


def test_one_that_is_down_fails_every_step(run_here: RunHere) -> None:
    assert set(failed_steps(run_here, "consent-first", lambda _: 503)) == {1, 2, 3, 4}


STORM = """
    steps:
      - {event: workflow.completed, name: a, times: 3, at_once: true}
      - {again: a, times: 2, at_once: true}
"""


def test_of_what_came_at_once_one_must_be_taken(run_here: RunHere, tmp_path: Path) -> None:
    """To ask for a retry while one is in flight is right; to take none of them is not."""
    failed = failed_steps(run_here, story_file(tmp_path, STORM), lambda _: 503)
    assert failed[1] == ["expected 2xx, got 503"] * 3
    assert failed[2] == ["none of those that came at once was taken"] * 6


def test_very_many_at_once_are_under_way_in_turn(run_here: RunHere, tmp_path: Path) -> None:
    """No more than a sandbox has under way: a handler is tried, not the backlog of its socket."""
    mine = story_file(tmp_path, "steps: [{event: workflow.completed, times: 200, at_once: true}]")
    under_way = most = 0
    lock, one_more = threading.Lock(), threading.Barrier(65)

    def answer(_: Delivery) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        with contextlib.suppress(threading.BrokenBarrierError):
            one_more.wait(0.5)
        with lock:
            under_way -= 1
        return 200

    assert failed_steps(run_here, mine, answer) == {}
    assert 1 < most <= 64


def test_a_key_that_failed_is_a_retry(run_here: RunHere, tmp_path: Path) -> None:
    """A story may expect the failure; the retry of it must then be taken."""
    mine = story_file(
        tmp_path,
        """
        steps:
          - {event: workflow.completed, name: a, expect: {status: 5xx}}
          - {again: a}
          - {again: a, expect: {status: [200, 208]}}
        """,
    )
    answers = iter([500, 500, 208])
    assert failed_steps(run_here, mine, lambda _: next(answers)) == {2: ["expected 2xx, got 500"]}


def test_an_answer_that_takes_too_long_is_told(run_here: RunHere, tmp_path: Path) -> None:
    mine = story_file(
        tmp_path,
        """
        steps:
          - {event: workflow.completed, expect: {within: 10ms}}
          - {event: workflow.completed, expect: {within: 1m}}
        """,
    )
    wait = threading.Event()

    def answer(_: Delivery) -> int:
        wait.wait(0.05)
        return 200

    ((problem,),) = failed_steps(run_here, mine, answer).values()
    assert problem.startswith("expected an answer within 10 ms, it took ")


def test_one_that_never_answers_is_told(run_here: RunHere, tmp_path: Path) -> None:
    mine = story_file(tmp_path, "steps: [{event: workflow.completed}]")
    done = threading.Event()

    def answer(_: Delivery) -> int:
        done.wait(20)
        return 200

    with handler(answer) as hooks:
        command = ["scenario", "run", mine, "--to", hooks.url, "--deadline", "100ms"]
        told = run_here(command, **ENV)
        done.set()
    assert told.code == 1
    assert "expected 2xx, got no answer" in told.stdout
    words = " ".join(told.stdout.split())
    assert words.count("no answer within 0.1 s") == 2, "with its step once, and at the end"


def test_what_did_not_hold_is_told_where_it_was_and_at_the_end(
    run_here: RunHere, tmp_path: Path
) -> None:
    with handler(lambda _: 418) as hooks:
        done = run_here(
            ["scenario", "run", "policy-block", "--to", hooks.url, *AT_ONCE], COLUMNS="80", **ENV
        )
    assert done.code == 1
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert "0 of 2 steps held." in done.stdout
    assert "Step 1 (line 4), workflow.started: expected 2xx, got 418." in done.stdout
    assert "got 418 (2 times)" in done.stdout


# For CI


def test_junit_says_which_steps_failed_and_why(run_here: RunHere, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text("an older one")
    command = ["scenario", "run", "fraud-suspicion", "--junit", str(report), *AT_ONCE]
    with handler(lambda _: 200) as hooks:
        assert run_here([*command, "--to", hooks.url], **ENV).code == 1
    root = ElementTree.parse(report).getroot()
    (suite,) = root.findall("testsuite")
    counts = {"tests": "3", "failures": "1", "errors": "0", "skipped": "0"}
    assert counts.items() <= root.attrib.items()
    assert counts.items() <= suite.attrib.items()
    cases = suite.findall("testcase")
    assert [case.attrib["name"] for case in cases] == [
        f"{number} claim.fraud_suspect" for number in (1, 2, 3)
    ]
    assert all(float(case.attrib["time"]) >= 0 for case in cases)
    failures = [case.find("failure") for case in cases]
    assert failures[:2] == [None, None]
    assert failures[2] is not None
    assert failures[2].attrib["message"] == "expected 4xx, got 200"


def test_junit_can_hold_whatever_a_story_is_called(run_here: RunHere, tmp_path: Path) -> None:
    odd = tmp_path / "a<b>&\x1b\"'é.yaml"
    odd.write_text("title: '<]]>&'\nsteps: [{event: '<&]]>'}]", "utf-8")
    report = tmp_path / "report.xml"
    with handler(lambda _: 500) as hooks:
        command = ["scenario", "run", str(odd), "--to", hooks.url, "--junit", str(report)]
        assert run_here(command, **ENV).code == 1
    case = ElementTree.parse(report).getroot().find("*/testcase")
    assert case is not None
    assert case.attrib["name"] == "1 <&]]>"


# Stopped half-way


def test_control_c_shows_what_there_is(home: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    first = threading.Event()

    def answer(_: Delivery) -> int:
        first.set()
        return 200

    with handler(answer) as hooks:
        command = ["scenario", "run", "modes", "--to", hooks.url, "--junit", str(report)]
        with started([*command, "--longest-wait", "1h"], home, **ENV) as process:
            assert first.wait(30)
            assert process.stdout is not None
            seen = b""
            while b"workflow.started" not in seen:
                seen += process.stdout.readline()
            interrupt(process)
            done = Done.of(process)
    assert (done.code, done.stderr) == (130, "")
    assert "1 of 5 steps held." in done.stdout
    assert "4 not played to the end." in done.stdout
    skipped = ElementTree.parse(report).getroot().findall("*/testcase/skipped")
    assert len(skipped) == 4


# What `listen --sandbox` plays


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scenario", "modes"], "--scenario is for a sandbox"),
        (["--sandbox", "--scenario", "modes", "--no-register"], "--scenario is for a sandbox"),
        (["--sandbox", "--speed", "10x"], "--speed belongs to --scenario"),
        (["--sandbox", "--scenario", "mode"], "no scenario is called 'mode'"),
        (["--sandbox", "--scenario", "modes", "--speed", "0"], "--speed"),
        (["--sandbox", "--scenario", "modes", "--longest-wait", "x"], "--longest-wait"),
    ],
)
def test_listen_refuses_a_story_that_cannot_be_played(
    run_here: RunHere, arguments: list[str], words: str
) -> None:
    credentials = {"GOOCLAIM_CLIENT_ID": "c", "GOOCLAIM_CLIENT_SECRET": "s", **ENV}
    run_here(["listen", *arguments], GOOCLAIM_TENANT_ID="tnt_a", **credentials).refused(2, words)


def test_listen_tells_the_mistakes_of_a_story_before_it_starts(
    run_here: RunHere, tmp_path: Path
) -> None:
    mine = story_file(tmp_path, BROKEN)
    run_here(["listen", "--sandbox", "--scenario", mine]).refused(2, "line 2: ", "line 4: ")
