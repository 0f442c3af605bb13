"""`gooclaim replay`: recorded deliveries reach a handler again, and the history knows it."""

import asyncio
import contextlib
import json
import re
import runpy
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.wire import (
    IDEMPOTENCY_KEY_HEADER,
    TIMESTAMP_HEADER,
    Delivery,
    SigningSecret,
    verify,
)

from .handlers import SECRET, careful, handler
from .stored import History, fill, fill_without_bodies, open_ledger
from .support import GOOCLAIM, Done, RunHere, environment, interrupt

ENV = {"GOOCLAIM_SIGNING_SECRET": SECRET}


@pytest.fixture
def bodies(home: Path) -> dict[str, bytes]:
    """A history with one delivery of each kind: their bodies."""
    return fill(home)


def objects(done: Done) -> list[dict[str, Any]]:
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def forwards_of(run_here: RunHere, name: str) -> list[dict[str, Any]]:
    (shown,) = objects(run_here(["history", "show", name, "--json"]))
    found: list[dict[str, Any]] = shown["forwards"]
    return found


def test_one_by_its_id_signed_anew_and_recorded(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    """The start of an id is enough; the replay is a forward in the history."""
    with handler(lambda _: (202, b"thanks")) as hooks:
        done = run_here(["replay", "dlv_OL", "--to", hooks.url, "--json"], **ENV)
    assert done.code == 0
    (delivery,) = hooks.seen
    assert delivery.body == bodies["OLD"]
    assert delivery.value(IDEMPOTENCY_KEY_HEADER) == "idem_OLD"
    assert verify(delivery, [SigningSecret(SECRET)], now=time.time()).ok
    forward, summary = objects(done)
    expected = {"delivery_id": "dlv_OLD", "event_id": "evt_OLD", "status": 202, "held": True}
    assert expected.items() <= forward.items()
    assert (forward["recorded"], forward["differs"]) == (200, True)
    assert summary["forwarded"] == 1
    live, replayed = forwards_of(run_here, "dlv_OLD")
    assert (live["forward"], replayed["forward"]) == ("live", "replay")
    assert (replayed["url"], replayed["status"], replayed["body"]) == (hooks.url, 202, "thanks")


def test_verbatim_is_what_was_recorded(run_here: RunHere, bodies: dict[str, bytes]) -> None:
    """Two hours old: to refuse it is right."""
    with handler(careful()) as hooks:
        command = ["replay", "evt_OLD", "--to", hooks.url, "--verbatim", "--json"]
        done = run_here(command, **ENV)
    (delivery,) = hooks.seen
    assert delivery.body == bodies["OLD"]
    assert time.time() - int(delivery.value(TIMESTAMP_HEADER) or 0) >= 7200
    assert (done.code, objects(done)[0]["expected"]) == (0, "4xx")


def test_verbatim_needs_no_secret(run_here: RunHere, bodies: dict[str, bytes]) -> None:
    with handler(lambda _: 200) as hooks:
        assert run_here(["replay", "evt_OLD", "--to", hooks.url, "--verbatim"]).code == 0
        done = run_here(["replay", "evt_OLD", "--to", hooks.url])
    done.refused(3, "no signing secret is known")
    assert len(hooks.seen) == 1


def test_a_new_key(run_here: RunHere, bodies: dict[str, bytes]) -> None:
    with handler(careful()) as hooks:
        run_here(["replay", "evt_OLD", "--to", hooks.url, "--new-key"], **ENV)
    assert str(hooks.seen[0].value(IDEMPOTENCY_KEY_HEADER)).startswith("idem_0")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--last"], ["FAILED"]),
        (["--failed"], ["FAILED"]),
        (["--type", "workflow.*"], ["OLD", "GOOD"]),
        (["--since", "1h"], ["GOOD", "FAILED"]),
        (["--since", "1h", "--type", "workflow.*", "--last"], ["GOOD"]),
        (["--since", "3h", "--new-key"], ["OLD", "GOOD", "FAILED"]),
    ],
)
def test_what_is_taken_of_the_history_in_order(
    run_here: RunHere, bodies: dict[str, bytes], options: list[str], expected: list[str]
) -> None:
    """Each event once; what could not be verified only by its name."""
    with handler(careful()) as hooks:
        done = run_here(["replay", *options, "--to", hooks.url, "--json"], **ENV)
    assert done.code == 0
    assert [each["event_id"] for each in objects(done)[:-1]] == [f"evt_{n}" for n in expected]
    assert [each.body for each in hooks.seen] == [bodies[name] for name in expected]


def test_what_a_handler_has_taken_meanwhile_has_not_failed(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    answers = iter((500, 200))
    with handler(lambda _: next(answers)) as hooks:
        again = ["replay", "--failed", "--to", hooks.url]
        assert [run_here(again, **ENV).code for _ in range(2)] == [1, 0]
        run_here(again, **ENV).refused(1, "nothing in the history is like this")


def test_where_it_went_is_where_it_goes(run_here: RunHere, home: Path) -> None:
    """Where nothing else says where to."""
    fill(home)
    done = run_here(["replay", "evt_OLD", "--dry-run", "--json"], **ENV)
    (plan,) = objects(done)
    assert (done.code, plan["kind"], plan["to"]) == (0, "plan", ["http://localhost:3000/hooks"])
    assert plan["events"][0]["delivery_id"] == "dlv_OLD"
    shown = run_here(["replay", "--type", "*", "--dry-run"], **ENV)
    assert "Replay 3 events to http://localhost:3000/hooks, signed anew." in shown.stdout


def test_saved_deliveries_are_replayed_and_recorded(run_here: RunHere, home: Path) -> None:
    """From a file that the history knows, and one that it does not; twice is one delivery."""
    fill(home)
    export = home.parent / "export.jsonl"
    run_here(["history", "export", str(export), "--type", "workflow.*", "--since", "3h"])
    other = home.parent / "request.http"
    other.write_bytes(
        b"POST /x HTTP/1.1\r\nHost: a\r\nX-Gooclaim-Idempotency-Key: k1\r\n"
        b'Content-Length: 99\r\n\r\n{"event_id":"evt_file","event_type":"a.b","tenant_id":"tnt_f",'
        b'"occurred_at":"2026-05-20T10:14:25Z","data":{}}'.replace(b"99", b"109")
    )
    before = len(objects(run_here(["history", "--json"])))
    with handler(careful()) as hooks:
        for _ in range(2):
            done = run_here(["replay", str(export), str(other), "--to", hooks.url, "--json"], **ENV)
            assert done.code == 0, done
    told = [each for each in objects(done) if each["kind"] == "forward"]
    assert {each["event_id"] for each in told} == {"evt_OLD", "evt_GOOD", "evt_TWICE", "evt_file"}
    listed = objects(run_here(["history", "--json"]))
    assert len(listed) == before + 1
    (stored,) = [each for each in listed if each["event_id"] == "evt_file"]
    assert (stored["outcome"], stored["idempotency_key"]) == ("capture", "k1")
    assert [each["forward"] for each in forwards_of(run_here, "evt_file")] == ["replay"] * 2
    assert [each["forward"] for each in forwards_of(run_here, "evt_OLD")].count("replay") == 2


def test_captures_come_from_standard_input_too(home: Path, run_here: RunHere) -> None:
    fill(home)
    exported = run_here(["history", "export", "--type", "pending_docs.*"]).stdout
    with handler(careful()) as hooks:
        subprocess.run(
            [*GOOCLAIM, "replay", "-", "--to", hooks.url],
            input=exported.encode(),
            env=environment(home, **ENV),
            check=True,
            capture_output=True,
        )
    assert len(hooks.seen) == 1


def test_answers_are_compared(run_here: RunHere, bodies: dict[str, bytes]) -> None:
    recorded = (200, b"\xffno")
    with handler(lambda _: recorded) as hooks:
        command = ["replay", "evt_OLD", "--to", hooks.url, "--diff"]
        done = run_here(command, **ENV)
        (told, _) = objects(run_here([*command, "--json"], **ENV))
    assert "-x-a: 1" in done.stdout
    assert "-HTTP" not in done.stdout
    assert done.code == 1
    assert told["differs"] is True
    assert "-x-a: 1" in told["diff"]


def test_many_are_asked_about(home: Path, run_here: RunHere) -> None:
    fill(home)
    capture = home.parent / "many.jsonl"
    line = run_here(["history", "export", "--type", "pending_docs.*"]).stdout
    capture.write_text(line * 21)
    command = ["replay", str(capture), "--to", "1"]
    done = run_here(command, **ENV)
    done.refused(2, "21 events would be sent, and nobody is there to be asked", "--yes")
    run_here([*command, "--json"], **ENV).refused(2, "nobody is there")
    assert "and 11 more" in run_here([*command, "--dry-run"], **ENV).stdout
    with handler(careful()) as hooks:
        many = ["replay", str(capture), "--to", hooks.url, "--yes", "--concurrency", "8"]
        assert run_here(many, **ENV).code == 0
    assert len(hooks.seen) == 21


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(("typed", "sent"), [("y\n", 21), ("\n", 0)])
def test_a_person_is_asked(home: Path, run_here: RunHere, typed: str, sent: int) -> None:
    import pexpect  # there is none for Windows

    fill(home)
    capture = home.parent / "many.jsonl"
    line = run_here(["history", "export", "--type", "pending_docs.*"]).stdout
    capture.write_text(line * 21)
    with handler(careful()) as hooks:
        command = [*GOOCLAIM[1:], "replay", str(capture), "--to", hooks.url]
        child = pexpect.spawn(
            GOOCLAIM[0], command, env=environment(home, **ENV), timeout=20, encoding="utf-8"
        )
        child.expect("Send 21 events")
        child.send(typed)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == (0 if sent else 1)
    assert len(hooks.seen) == sent


def test_a_test_is_written_that_runs_as_it_is(
    run_here: RunHere, home: Path, bodies: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a handler that verifies; nothing real is in it; one that exists stays."""
    folder = home.parent / "pinned"
    with handler(careful()) as hooks:
        command = ["replay", "evt_OLD", "--to", hooks.url, "--as", "pytest", "--out", str(folder)]
        done = run_here(command)
        assert (done.code, done.stderr) == (0, "")
        (test,) = folder.glob("test_*.py")
        (body,) = folder.glob("*.json")
        assert stat.S_IMODE(body.stat().st_mode) == 0o600 or sys.platform == "win32"
        (run_test,) = [
            each for name, each in runpy.run_path(str(test)).items() if name.startswith("test_")
        ]
        with pytest.raises(AssertionError, match="set GOOCLAIM_SIGNING_SECRET"):
            run_test()
        monkeypatch.setenv("GOOCLAIM_SIGNING_SECRET", SECRET)
        run_test()
        monkeypatch.setenv("GOOCLAIM_SIGNING_SECRET", "whsec_another_one")
        with pytest.raises(AssertionError):
            run_test()
    delivery, _refused = hooks.seen
    assert delivery.body == body.read_bytes()
    assert len(delivery.body) == len(bodies["OLD"])
    assert b"OLD" not in delivery.body
    assert "evt_OLD" not in test.read_text()
    assert "answer.status == 200" in test.read_text()


def test_the_exact_bytes_can_be_kept(
    run_here: RunHere, home: Path, bodies: dict[str, bytes]
) -> None:
    folder = home.parent / "pinned"
    command = ["replay", "evt_FAILED", "--as", "pytest", "--out", str(folder), "--keep-data"]
    (told,) = objects(run_here([*command, "--json"]))
    assert Path(told["body"]).read_bytes() == bodies["FAILED"]
    assert "in range(200, 300)" in Path(told["test"]).read_text()  # it was answered 500
    run_here(command).refused(2, "exists", "--force")
    assert run_here([*command, "--force"]).code == 0


def test_a_command_that_does_the_same(run_here: RunHere, bodies: dict[str, bytes]) -> None:
    with handler(careful()) as hooks:
        done = run_here(["replay", "evt_OLD", "--to", hooks.url, "--as", "python"], **ENV)
        subprocess.run([sys.executable, "-"], input=done.stdout.encode(), check=True)
    assert hooks.seen[0].body == bodies["OLD"]
    assert verify(hooks.seen[0], [SigningSecret(SECRET)], now=time.time()).ok


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ("nothing says what to replay", "--last")),
        (["evt_OLD", "--failed"], ("ids and files go without --last",)),
        (["evt_OLD", "--verbatim", "--new-key"], ("--verbatim and --new-key exclude",)),
        (["evt_OLD", "--as-recorded", "--interval", "1s"], ("--interval and --as-recorded",)),
        (["evt_OLD", "--as", "telnet", "--to", "1"], ("--as 'telnet' is unknown", "pytest")),
        (["evt_NOWHERE", "--to", "1"], ("there is no file 'evt_NOWHERE'",)),
        (["evt_OLD", "--to", "https://cms.example.com"], ("--yes-remote",)),
        (["-", "--secret-file", "-", "--to", "1"], ("standard input can be read only once",)),
    ],
)
def test_what_cannot_be_meant_is_told(
    run_here: RunHere, bodies: dict[str, bytes], arguments: list[str], words: tuple[str, ...]
) -> None:
    run_here(["replay", *arguments], **ENV).refused(2, *words)


def test_nothing_is_signed_with_a_production_secret_for_others(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    remote = ["replay", "evt_OLD", "--to", "https://cms.example.com/x", "--yes-remote"]
    production = {**ENV, "GOOCLAIM_API_URL": "https://api.gooclaim.com"}
    run_here([*remote, "--dry-run"], **production).refused(3, "production secret")
    assert run_here([*remote, "--dry-run", "--verbatim"], **production).code == 0


def test_a_body_that_was_not_kept_cannot_be_sent(run_here: RunHere, home: Path) -> None:
    fill_without_bodies(home, "GONE")
    run_here(["replay", "evt_GONE", "--to", "1"], **ENV).refused(1, "was not kept")


def test_what_was_rejected_is_sent_by_its_name_only_and_with_a_warning(
    run_here: RunHere, bodies: dict[str, bytes]
) -> None:
    with handler(lambda _: 400) as hooks:
        done = run_here(["replay", "dlv_BAD", "--to", hooks.url], **ENV)
        told = objects(run_here(["replay", "dlv_BAD", "--to", hooks.url, "--json"], **ENV))
        again = run_here(["replay", "dlv_BAD", "--to", hooks.url, "--verbatim"], **ENV)
    assert "warning: dlv_BAD was rejected when it came (signature_" in done.stderr
    assert [each["kind"] for each in told] == ["notice", "forward", "summary"]
    assert (told[0]["code"], told[1]["expected"]) == ("rejected_signed_anew", "4xx")
    assert (again.code, again.stderr) == (0, "")
    assert [each.body for each in hooks.seen] == [bodies["BAD"]] * 3


def test_a_file_that_is_no_capture_is_told(run_here: RunHere, home: Path) -> None:
    file = home.parent / "odd"
    file.write_bytes(b"\x00\x01\x02")
    done = run_here(["replay", str(file), "--to", "1"], **ENV)
    assert done.code == 2
    assert re.search("error: .*odd", done.stderr)


def test_what_is_replayed_can_be_read_while_others_write(run_here: RunHere, home: Path) -> None:
    """A session has the history open meanwhile."""
    fill(home)

    async def main() -> None:
        history = History(open_ledger(home))
        await history.received("LIVE")
        with contextlib.closing(asyncio.new_event_loop()), handler(careful()) as hooks:
            command = [*GOOCLAIM, "replay", "evt_OLD", "--to", hooks.url]
            process = await asyncio.create_subprocess_exec(*command, env=environment(home, **ENV))
            assert await process.wait() == 0
        await history.received("LATER")
        await history.ledger.close()

    asyncio.run(main())
    assert forwards_of(run_here, "evt_OLD")[-1]["forward"] == "replay"


def test_a_reader_that_goes_away_ends_it_quietly(home: Path) -> None:
    fill(home)
    with handler(careful()) as hooks:
        command = [*GOOCLAIM, "replay", "--type", "*", "--to", hooks.url, "--json"]
        with subprocess.Popen(
            command, env=environment(home, **ENV), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == b""
            assert process.wait(20) == 1


def test_ctrl_c_sums_up_what_was_done(home: Path, run_here: RunHere) -> None:
    """And what was sent by then is in the history."""
    fill(home)
    with handler(careful()) as hooks:
        command = [*GOOCLAIM, "replay", "--type", "*", "--to", hooks.url, "--json"]
        with subprocess.Popen(
            [*command, "--interval", "60s"],
            env=environment(home, **ENV),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["kind"] == "forward"
            interrupt(process)  # type: ignore[arg-type]
            assert json.loads(process.stdout.readline())["forwarded"] == 1
            assert process.wait(20) == 130
    assert forwards_of(run_here, "evt_OLD")[-1]["forward"] == "replay"


def test_each_goes_to_the_handler_of_its_type(run_here: RunHere, home: Path) -> None:
    fill(home)
    with handler(careful()) as docs, handler(careful()) as hooks:
        (home / "config.toml").write_text(
            f'forward_to = ["pending_docs.*=:{docs.port}", ":{hooks.port}"]\n'
        )
        assert run_here(["replay", "--type", "*"], **ENV).code == 0
    assert (len(docs.seen), len(hooks.seen)) == (1, 2)
    assert isinstance(docs.seen[0], Delivery)
