"""A shared development environment and colleagues, each a program of its own."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.internet import Internet, free_port, internet
from tests.e2e.support import (
    GOOCLAIM,
    Handler,
    SandboxClient,
    environment,
    handler,
    running,
)

HOME = "shared-dev.example.test"
HOME_URL = f"https://{HOME}/hooks"


@dataclass
class Team:
    """A sandbox whose tenant belongs to a shared environment, and the ways to it."""

    net: Internet
    api: SandboxClient
    home: Handler
    env: dict[str, str]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with ExitStack() as stack:
        net = stack.enter_context(internet(tmp_path))
        home = stack.enter_context(handler("workflow.started=1"))
        net.hosts = {HOME: home.port}
        command = [*GOOCLAIM, "sandbox", "--no-emit", "--json", "--home-url", HOME_URL]
        command += ["--retry-schedule", "0.1s"]
        gooclaim = stack.enter_context(running(command, environment(tmp_path / "gooclaim")))
        api = stack.enter_context(SandboxClient(gooclaim.told("ready")))
        env = environment(tmp_path / "home", **net.variables, **api.variables)
        yield Team(net, api, home, env)


def test_the_shared_environment_does_not_starve(team: Team) -> None:
    """It gets what the handler gets, byte for byte; the handler's answer counts."""
    with (
        handler() as mine,
        running([*GOOCLAIM, "listen", "--json", "--pass-on", "-f", str(mine.port)], team.env) as me,
    ):
        ready = me.told("ready")
        assert (ready["home_url"], ready["answer_from"]) == (HOME_URL, "handler")
        team.api.emit("workflow.started")
        told = {each["kind"]: each for each in (json.loads(me.line()) for _ in range(2))}
        seen, passed = told["delivery"], told["pass_on"]  # whichever is done first
        assert (seen["response_status"], seen["handler"]["status"]) == (200, 200)
        assert seen["home"] is None
        assert (passed["target"], passed["url"], passed["status"]) == ("home", HOME_URL, 500)
        (headers, body), (mine_headers, mine_body) = team.home.request(), mine.request()
        assert body == mine_body
        for name in ("x-gooclaim-signature", "x-gooclaim-timestamp", "content-type"):
            assert headers[name] == mine_headers[name]
        code, out, err = me.end()
    assert (code, err) == (0, "")
    summary = json.loads(out.splitlines()[-1])
    assert (summary["passed_on"], summary["not_taken"], summary["failed"]) == (1, 1, 0)


def test_the_shared_environment_may_answer(team: Team) -> None:
    """Its failure is Gooclaim's to retry."""
    command = [*GOOCLAIM, "listen", "--json", "--pass-on", "--answer-from", "home"]
    with running(command, team.env) as me:
        me.told("ready")
        team.api.emit("workflow.started")
        assert me.told("delivery")["response_status"] == 500
        assert me.told("delivery", attempt=2)["response_status"] == 200
        me.end()


def test_a_colleague_listens_along(team: Team, tmp_path: Path) -> None:
    """A real `listen --tunnel none` verifies the copy itself; a dead colleague disturbs nobody."""
    secret = team.api.facts["signing_secret"]
    theirs = environment(tmp_path / "colleague", GOOCLAIM_SIGNING_SECRET=secret)
    with running([*GOOCLAIM, "listen", "--tunnel", "none", "--json"], theirs) as colleague:
        url = colleague.told("ready")["local_url"]
        dead = f"http://127.0.0.1:{free_port()}/"
        command = [*GOOCLAIM, "listen", "--json", "--copy-to", url, "--copy-to", dead]
        with running(command, team.env) as me:
            assert me.told("ready")["copy_to"] == [url, dead]
            event = team.api.emit("pending_docs.uploaded")
            assert me.told("delivery")["response_status"] == 200
            copied = colleague.told("delivery")
            assert (copied["verdict"], copied["event_id"]) == ("verified", event["event_id"])
            assert "nothing listens on" in me.told("notice", code="copy_failed")["message"]
            me.end()
        colleague.end()


def test_pass_on_without_a_home_url_is_refused(team: Team) -> None:
    team.api.remove()
    with running([*GOOCLAIM, "listen", "--json", "--pass-on"], team.env) as me:
        assert me.process.wait(15) == 3
        assert "there is no home URL" in me.stderr.read()
    assert team.api.webhook() is None
