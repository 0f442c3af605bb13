"""Programs as the end-to-end tests run them: real processes, ended by their id."""

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.waiting import until

GOOCLAIM = [sys.executable, "-m", "gooclaim_cli"]
PATIENCE = 15.0
HOME_URL = "https://cms.example.test/gooclaim"


def environment(home: Path, **variables: str) -> dict[str, str]:
    """A clean environment: nothing of the machine's own settings or terminal gets in."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOOCLAIM_", "COV"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE"):
        kept.pop(name, None)
    return (
        kept
        | {"GOOCLAIM_HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        | variables
    )


class Program:
    """A running program whose standard output is read line by line."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.stdout, self.stderr = self.process.stdout, self.process.stderr

    def line(self) -> str:
        """The next line; at the end of the output, an error with what was said on stderr."""
        line = self.stdout.readline()
        if not line:
            raise AssertionError(f"the program ended: {self.stderr.read()}")
        return line.rstrip("\n")

    def told(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next JSON object of a kind, with these members; others are passed over."""
        while True:
            found: dict[str, Any] = json.loads(self.line())
            if found["kind"] == kind and wanted.items() <= found.items():
                return found

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Send a signal; return the exit code and what was still written."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str]) -> Iterator[Program]:
    """Run a program; whatever happens, it does not outlive the test."""
    program = Program(command, env)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.terminate()
            try:
                program.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                program.process.kill()
        program.process.wait()
        program.stdout.close()
        program.stderr.close()


@contextlib.contextmanager
def handler(*fails: str) -> Iterator["Handler"]:
    """Run the handler program."""
    with running(
        [sys.executable, str(Path(__file__).with_name("handler_program.py")), *fails],
        dict(os.environ),
    ) as program:
        yield Handler(program, int(program.line()))


class Handler:
    """The handler's side of things."""

    def __init__(self, program: Program, port: int) -> None:
        self._program = program
        self.port = port

    def request(self) -> tuple[dict[str, str], bytes]:
        """The next request: its headers (lower-case names) and its body."""
        seen = json.loads(self._program.line())
        headers = {name.lower(): value for name, value in seen["headers"]}
        return headers, base64.b64decode(seen["body"])


class SandboxClient:
    """The sandbox's API, as any HTTP client uses it."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self._client = httpx.Client(base_url=facts["api_url"], trust_env=False)
        granted = self._client.post(
            "/v1/auth/token",
            json={
                "grant_type": "client_credentials",
                "client_id": facts["client_id"],
                "client_secret": facts["client_secret"],
            },
        ).raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {granted.json()['access_token']}"

    def __enter__(self) -> "SandboxClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def emit(self, event_type: str, **members: Any) -> dict[str, Any]:
        """Emit an event; returns its ids."""
        response = self._client.post(
            "/v1/sandbox/events", json={"event_type": event_type, **members}
        )
        emitted: dict[str, Any] = response.raise_for_status().json()
        return emitted

    def behave(self, behaviour: dict[str, Any] | None) -> None:
        """Change how the sandbox behaves; None: well."""
        self._client.post("/v1/sandbox/behaviour", json=behaviour).raise_for_status()

    def webhook(self) -> dict[str, Any] | None:
        """What is configured."""
        response = self._client.get(f"/v1/tenants/{self.facts['tenant_id']}/webhook")
        if response.status_code == 404:
            return None
        found: dict[str, Any] = response.raise_for_status().json()
        return found

    def configure(self, url: str) -> None:
        """Change the tenant's URL, as somebody else would."""
        path = f"/v1/tenants/{self.facts['tenant_id']}/webhook"
        etag = self._client.get(path).headers.get("etag")
        change = {"url": url, "events": ["*"]}
        condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        self._client.put(path, json=change, headers=condition).raise_for_status()

    def replace(self, wanted: dict[str, Any] | None) -> None:
        """Make the tenant's configuration this one (`url`, `events`), or none."""
        path = f"/v1/tenants/{self.facts['tenant_id']}/webhook"
        etag = self._client.get(path).headers.get("etag")
        condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        if wanted is not None:
            self._client.put(path, json=wanted, headers=condition).raise_for_status()
        elif etag:
            self._client.delete(path, headers=condition).raise_for_status()

    def remove(self) -> None:
        """Remove the tenant's URL, as somebody else would."""
        path = f"/v1/tenants/{self.facts['tenant_id']}/webhook"
        etag = self._client.get(path).headers["etag"]
        self._client.delete(path, headers={"If-Match": etag}).raise_for_status()

    def deliveries(self) -> list[dict[str, Any]]:
        """Every event with its attempts."""
        listed: list[dict[str, Any]] = self._client.get("/v1/sandbox/deliveries").json()[
            "deliveries"
        ]
        return listed

    @property
    def variables(self) -> dict[str, str]:
        """The environment that points another gooclaim at this sandbox."""
        names = ("api_url", "client_id", "client_secret", "tenant_id")
        return {f"GOOCLAIM_{name.upper()}": self.facts[name] for name in names}


@contextlib.contextmanager
def sandbox_program(folder: Path, *options: str) -> Iterator[SandboxClient]:
    """Run a sandbox that emits nothing by itself, in a process of its own."""
    command = [*GOOCLAIM, "sandbox", "--no-emit", "--json", *options]
    with (
        running(command, environment(folder)) as program,
        SandboxClient(program.told("ready")) as client,
    ):
        yield client


def read_when_there(path: Path) -> dict[str, Any]:
    """Wait for a ready file, which appears whole, and read it; an error where it does not."""
    until(path.exists, f"{path} is there", within=PATIENCE)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def openssl_signature(body: bytes, secret: str) -> str:
    """Sign with openssl alone."""
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", secret, "-hex"],
        input=body,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().split("= ")[1].strip()


def event_body(
    event_id: str, event_type: str = "workflow.completed", tenant: str = "tnt_any"
) -> bytes:
    """An envelope, written by hand, with odd white space that must survive."""
    return (
        f'{{"event_id":"{event_id}",  "event_type":"{event_type}","tenant_id":"{tenant}",\n'
        f'"occurred_at":"2026-05-20T10:14:25Z","data":{{"note":"caf\\u00e9 é"}} }}\n'
    ).encode()


def now() -> int:
    """UNIX time in whole seconds."""
    return int(time.time())
