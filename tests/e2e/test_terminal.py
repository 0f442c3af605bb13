"""The main job in a real terminal: a sandbox, a handler and `listen`, each a process of its own."""

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.support import (
    GOOCLAIM,
    PATIENCE,
    Handler,
    SandboxClient,
    environment,
    event_body,
    handler,
    now,
    openssl_signature,
    read_when_there,
    running,
)
from tests.programs import needs

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX", allow_module_level=True)

import pexpect
import pyte

HOME_URL = "https://cms.example.test/gooclaim"


class Terminal:
    """A person's terminal: `listen` in it, and the screen as it looks now."""

    def __init__(self, command: list[str], env: dict[str, str], *, columns: int = 100) -> None:
        rows = 100  # nothing scrolls away
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._child = pexpect.spawn(
            command[0], command[1:], env=env, dimensions=(rows, columns), encoding="utf-8"
        )

    def see(self, pattern: str) -> None:
        """Wait until the screen shows a pattern."""
        until = time.monotonic() + PATIENCE
        while not re.search(pattern, "\n".join(self.lines)):
            try:
                self._stream.feed(self._child.read_nonblocking(65536, until - time.monotonic()))
            except (pexpect.EOF, pexpect.TIMEOUT):
                screen = "\n".join(filter(None, self.lines))
                raise AssertionError(f"{pattern!r} does not show in\n{screen}") from None

    def press_control_c(self) -> int | None:
        """Interrupt, wait for the end, return the exit code."""
        self._child.sendintr()
        self._child.expect(pexpect.EOF, timeout=PATIENCE)
        self._stream.feed(self._child.before or "")
        self._child.close()
        return self._child.exitstatus

    @property
    def lines(self) -> list[str]:
        """The screen, line by line, without trailing space."""
        return [line.rstrip() for line in self._screen.display]

    def kill(self) -> None:
        self._child.close(force=True)


@pytest.fixture
def webhook_handler() -> Iterator[Handler]:
    """A handler that fails twice on a policy block, then recovers."""
    with handler("workflow.policy_blocked=2") as program:
        yield program


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxClient]:
    """A sandbox whose tenant has a URL of its own already."""
    options = ["--no-emit", "--json", "--retry-schedule", "0.1s,0.2s", "--home-url", HOME_URL]
    command = [*GOOCLAIM, "sandbox", *options]
    with (
        running(command, environment(tmp_path / "gooclaim")) as program,
        SandboxClient(program.told("ready")) as client,
    ):
        yield client


@needs("openssl")
def test_a_session_in_a_terminal(
    tmp_path: Path, sandbox: SandboxClient, webhook_handler: Handler
) -> None:
    """Verified, retried, duplicate, forged, stale; then Ctrl-C, and the old URL is back."""
    ready_file = tmp_path / "ready.json"
    terminal = Terminal(
        [
            *GOOCLAIM,
            "listen",
            "-f",
            f"{webhook_handler.port}/hooks",
            "--ready-file",
            str(ready_file),
        ],
        environment(tmp_path / "home", **sandbox.variables),
    )
    try:
        terminal.see("Ready")
        assert sandbox.webhook() != {"url": HOME_URL}
        ready = read_when_there(ready_file)
        assert ready["previous_url"] == HOME_URL
        registered = sandbox.webhook()
        assert registered is not None
        assert registered["url"] == ready["public_url"]

        first = sandbox.emit("workflow.completed")
        terminal.see(rf"workflow\.completed +{first['event_id']} +✓ verified +200")
        headers, _body = webhook_handler.request()
        assert headers["x-gooclaim-idempotency-key"] == first["idempotency_key"]

        sandbox.emit("workflow.completed", idempotency_key=first["idempotency_key"])
        terminal.see("✓ verified +.*duplicate")

        blocked = sandbox.emit("workflow.policy_blocked")
        terminal.see(rf"{blocked['event_id']} +✓ verified +500")
        terminal.see(rf"{blocked['event_id']} +✓ verified +500 .*try 2")
        terminal.see(rf"{blocked['event_id']} +✓ verified +200 .*try 3")

        secret = sandbox.facts["signing_secret"]
        body = event_body("evt_forged", tenant=sandbox.facts["tenant_id"])
        assert (
            _post(ready["local_url"], body, openssl_signature(body, "not-the-secret"), now()) == 401
        )
        terminal.see("evt_forged +✗ rejected")
        assert _post(ready["local_url"], body, openssl_signature(body, secret), now() - 400) == 401
        terminal.see("signed 6 min 4. s ago")

        assert terminal.press_control_c() == 0
    finally:
        terminal.kill()
    screen = "\n".join(terminal.lines)
    assert "restored: it is what it was before" in screen
    assert "7: 5 verified, 2 rejected, 1 duplicate" in screen
    found = sandbox.webhook()
    assert found is not None
    assert found["url"] == HOME_URL
    assert not ready_file.exists()


def test_the_sandbox_inside_listen_shows_all_nine_types(tmp_path: Path) -> None:
    """One command, no account: every type of the catalogue appears, verified."""
    from gooclaim_cli.wire import CATALOGUE

    command = [*GOOCLAIM, "listen", "--sandbox", "--emit-every", "0.1s"]
    terminal = Terminal(command, environment(tmp_path), columns=80)
    try:
        for name in CATALOGUE:
            terminal.see(rf"{re.escape(name)} +evt_\S+ +✓ verified")
        assert terminal.press_control_c() == 0
    finally:
        terminal.kill()
    assert max(map(len, terminal.lines)) <= 80


def _post(url: str, body: bytes, signature: str, timestamp: int) -> int:
    """Send as anybody could, with Python's own HTTP client."""
    import urllib.error
    import urllib.request

    headers = {
        "X-Gooclaim-Event": "workflow.completed",
        "X-Gooclaim-Signature": signature,
        "X-Gooclaim-Timestamp": str(timestamp),
        "X-Gooclaim-Idempotency-Key": f"key-{timestamp}",
    }
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
