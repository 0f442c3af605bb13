"""Production: a host that counts as such, reached as any other, and what `listen` does there."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.internet import Internet, free_port, internet
from tests.e2e.support import (
    GOOCLAIM,
    PATIENCE,
    Handler,
    Program,
    SandboxClient,
    environment,
    handler,
    running,
)

API, HOME, LAPTOP = "api.gooclaim.com", "cms.example.test", "laptop.example.test"
HOME_URL = f"https://{HOME}/hooks"


@dataclass
class World:
    """Production with a tenant, its home endpoint, and a laptop."""

    net: Internet
    api: SandboxClient
    home: Handler
    folder: Path
    port: int

    @property
    def tenant(self) -> str:
        return str(self.api.facts["tenant_id"])

    @property
    def env(self) -> dict[str, str]:
        """The laptop's."""
        account = {**self.api.variables, "GOOCLAIM_API_URL": f"https://{API}"}
        return environment(self.folder / "home", **self.net.variables, **account)

    def command(self, *options: str) -> list[str]:
        public = ["--public-url", f"https://{LAPTOP}", "--port", str(self.port)]
        return [*GOOCLAIM, "listen", *public, *options]

    @property
    def consent(self) -> list[str]:
        """Everything that it takes."""
        return ["--live", "--yes", self.tenant, "--accept-secret-rotation", "--json"]

    def live(self, *options: str) -> AbstractContextManager[Program]:
        """Listen there."""
        return running(self.command(*self.consent, *options), self.env)

    @property
    def url(self) -> str | None:
        found = self.api.webhook()
        return found["url"] if found else None

    def attempts(self, event: dict[str, Any]) -> list[int | None]:
        """The statuses that Gooclaim was told for an event, once it is done with it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            (found,) = [e for e in self.api.deliveries() if e["event_id"] == event["event_id"]]
            if found["state"] != "pending":
                return [each["status"] for each in found["attempts"]]
        raise AssertionError(f"still pending: {found}")

    def history(self, *arguments: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [*GOOCLAIM, "history", *arguments], env=self.env, capture_output=True, check=True
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        net = stack.enter_context(internet(tmp_path))
        home = stack.enter_context(handler())
        env = environment(tmp_path / "gooclaim", **net.variables)
        command = [*GOOCLAIM, "sandbox", "--no-emit", "--json", "--home-url", HOME_URL]
        command += ["--retry-schedule", "0.1s,0.1s"]
        gooclaim = stack.enter_context(running(command, env))
        api = stack.enter_context(SandboxClient(gooclaim.told("ready")))
        port = free_port()
        api_port = int(api.facts["api_url"].rpartition(":")[2])
        net.hosts = {API: api_port, HOME: home.port, LAPTOP: port}
        yield World(net, api, home, tmp_path, port)


def test_a_session_in_production(world: World) -> None:
    """The home URL gets it and answers; the handler gets it, too; no body is kept; all restored."""
    with handler("workflow.completed=9") as mine, world.live("-f", str(mine.port)) as program:
        ready = program.told("ready")
        assert (ready["environment"], ready["home_url"]) == ("production", HOME_URL)
        assert (ready["answer_from"], ready["keeps_bodies"]) == ("home", False)
        assert ready["ends_at"] is not None
        assert world.url == ready["public_url"]

        event = world.api.emit("workflow.completed")
        seen = program.told("delivery")
        headers, body = world.home.request()
        assert headers["x-gooclaim-idempotency-key"] == event["idempotency_key"]
        my_headers, my_body = mine.request()
        assert my_body == body
        differing = {"host", "content-length"}
        assert {k: v for k, v in headers.items() if k not in differing} == {
            k: v for k, v in my_headers.items() if k not in differing
        }
        assert (seen["response_status"], seen["home"]["status"]) == (200, 200)
        assert seen["handler"]["status"] == 500
        assert world.attempts(event) == [200]

        (listed,) = world.history("--json")
        assert (listed["body_kept"], listed["bytes"]) == (False, len(body))
        (shown,) = world.history("show", event["event_id"], "--json")
        assert shown["body"] is None
        kinds = {each["forward"]: each["status"] for each in shown["forwards"]}
        assert kinds == {"pass_on": 200, "live": 500}
        claim = json.loads(body)["data"]["workflow_id"].encode()
        files = [each for each in (world.folder / "home").rglob("*") if each.is_file()]
        assert not any(claim in each.read_bytes() for each in files)

        code, out, err = program.end()
    assert (code, err) == (0, "")
    summary = json.loads(out.splitlines()[-1])
    assert (summary["restored"], summary["passed_on"], summary["not_taken"]) == (True, 1, 0)
    assert world.url == HOME_URL


def test_a_home_url_that_does_not_answer_is_never_answered_for(world: World) -> None:
    """502, again and again; never a 2xx of ours, though a handler here would give one."""
    with handler() as mine, world.live("-f", str(mine.port)) as program:
        program.told("ready")
        world.net.hosts[HOME] = free_port()
        event = world.api.emit("workflow.completed")
        for attempt in (1, 2, 3):
            seen = program.told("delivery", attempt=attempt)
            assert seen["response_status"] == 502
            assert (seen["home"]["status"], seen["handler"]["status"]) == (None, 200)
        program.end()
    assert world.attempts(event) == [502, 502, 502]


def test_what_cannot_be_verified_here_is_the_home_url_s_to_judge(world: World) -> None:
    """It is passed on with every byte, and its answer goes back."""
    with handler() as mine, world.live("-f", str(mine.port), "--keep-bodies") as program:
        assert program.told("ready")["keeps_bodies"] is True
        world.api.behave({"wrong_secret": True})
        event = world.api.emit("workflow.started")
        seen = program.told("delivery")
        assert (seen["verdict"], seen["reasons"]) == ("rejected", ["signature_mismatch"])
        assert (seen["response_status"], seen["handler"]) == (200, None)
        headers, body = world.home.request()
        assert headers["x-gooclaim-idempotency-key"] == event["idempotency_key"]
        assert world.attempts(event) == [200]
        (shown,) = world.history("show", seen["delivery_id"], "--json")
        assert shown["body"].encode() == body
        program.end()


def test_what_cannot_answer_or_undo_is_refused_and_changes_nothing(world: World) -> None:
    """A client without `tenant:admin`, and no home URL."""
    readonly = {"GOOCLAIM_CLIENT_ID": f"{world.api.facts['client_id']}_readonly"}
    with running(world.command(*world.consent), {**world.env, **readonly}) as program:
        assert program.process.wait(PATIENCE) == 3
        assert "use a client with the scope tenant:admin" in program.stderr.read()
        assert '"ready"' not in program.stdout.read()
    assert world.url == HOME_URL

    world.api.remove()
    with world.live() as program:
        assert program.process.wait(PATIENCE) == 3
        said = program.stderr.read()
    assert "there is no home URL to pass deliveries on to" in said
    assert world.url is None


def test_the_setting_names_the_home_url_and_the_time_is_over(world: World) -> None:
    """It ends by itself, and puts back what was there: nothing."""
    world.api.remove()
    env = {**world.env, "GOOCLAIM_HOME_URL": HOME_URL}
    with running(world.command(*world.consent, "--for", "300ms"), env) as program:
        ready = program.told("ready")
        assert (ready["home_url"], ready["previous_url"]) == (HOME_URL, None)
        program.told("notice", code="time_is_over")
        assert program.told("summary")["restored"] is True
        assert program.process.wait(PATIENCE) == 0
    assert world.url is None
