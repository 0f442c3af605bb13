"""A sandbox that misbehaves on purpose, and what `gooclaim listen` makes of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.support import GOOCLAIM, Program, SandboxClient, environment, handler, running


@contextlib.contextmanager
def listening_to(
    tmp_path: Path, *misbehaviour: str, port: int | None = None
) -> Iterator[tuple[SandboxClient, Program]]:
    """A session against a sandbox of a process of its own."""
    command = [*GOOCLAIM, "sandbox", "--no-emit", "--json"]
    command += ["--retry-schedule", ",".join(["0.2s"] * 50)]
    command += [word for each in misbehaviour for word in ("--misbehave", each)]
    listen = [*GOOCLAIM, "listen", "--json", *(["-f", str(port)] if port else [])]
    with (
        running(command, environment(tmp_path / "gooclaim")) as program,
        SandboxClient(program.told("ready")) as sandbox,
        running(listen, environment(tmp_path / "home", **sandbox.variables)) as session,
    ):
        yield sandbox, session


def test_a_wrong_clock_is_told_once(tmp_path: Path) -> None:
    """Of all the answers of a session, one notice."""
    with listening_to(tmp_path, "date_skew=-420", "clock_skew=-420") as (sandbox, session):
        told = session.told("notice", code="clock_skew")
        session.told("ready")
        sandbox.emit("workflow.started")
        refused = session.told("delivery")
        code, out, err = session.end()
    assert told["level"] == "warning"
    assert "7 min ahead" in told["message"]
    assert "set the clock" in told["hint"]
    assert refused["reasons"] == ["timestamp_too_old"]
    assert (code, err) == (0, "")
    assert "clock_skew" not in out


def test_duplicates_reach_the_handler_once(tmp_path: Path) -> None:
    with (
        handler() as hooks,
        listening_to(tmp_path, "duplicates=1", port=hooks.port) as (sandbox, session),
    ):
        session.told("ready")
        sandbox.emit("workflow.started")
        fresh = session.told("delivery", disposition="fresh")
        again = session.told("delivery", duplicate=True)
        _, out, _ = session.end()
    assert again["event_id"] == fresh["event_id"]
    assert '"forwarded":1' in out


def test_half_a_request_is_no_delivery(tmp_path: Path) -> None:
    """What was cut off leaves nothing behind; its retry is the first delivery."""
    with listening_to(tmp_path, "drop=1") as (sandbox, session):
        session.told("ready")
        emitted = sandbox.emit("workflow.started")
        while not sandbox.deliveries()[0]["attempts"]:
            pass
        sandbox.behave(None)
        delivery = session.told("delivery")
        _, out, _ = session.end()
    assert (delivery["event_id"], delivery["attempt"]) == (emitted["event_id"], 1)
    assert '"received":1' in out


def test_an_api_that_fails_now_and_then_is_asked_again(tmp_path: Path) -> None:
    """A refused call, then a PUT that was carried out but not answered."""
    with listening_to(tmp_path, "api.drop=after", "api.methods=PUT", "api.times=1") as (
        sandbox,
        session,
    ):
        assert session.told("notice", code="api_retry")
        session.told("ready")
        sandbox.behave({"api": {"status": 500, "times": 1}})
        code, out, err = session.end()
        assert sandbox.webhook() is None
    assert (code, err) == (0, "")
    assert '"restore_retried"' in out
    assert '"restored":true' in out
