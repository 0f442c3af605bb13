"""`gooclaim doctor` against a sandbox, fake tunnel programs, and what can go wrong."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support import (
    GOOCLAIM,
    PATIENCE,
    SandboxClient,
    environment,
    handler,
    running,
    sandbox_program,
)
from tests.fakes.programs import FakeProgram

if sys.platform == "win32":
    pytest.skip("the fake programs are POSIX scripts", allow_module_level=True)


class Doctor:
    """The command, in an environment in which all is well."""

    def __init__(self, home: Path, fakes: list[FakeProgram], client: SandboxClient) -> None:
        self.home = home
        self.client = client
        self.env = environment(home, **client.variables, NGROK_AUTHTOKEN="tok_obviously_fake")
        for fake in fakes:
            self.env |= fake.variables

    def checks(self, *options: str, code: int = 0, **variables: str) -> dict[str, dict[str, Any]]:
        """Run it with --json; the checks by name."""
        done = subprocess.run(
            [*GOOCLAIM, "doctor", "--json", *options],
            env=self.env | variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode, done.stderr) == (code, ""), done.stdout
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines[-1]["kind"] == "summary"
        assert (lines[-1]["failed"] > 0) == (code == 1)
        assert "tok_obviously_fake" not in done.stdout
        assert self.client.facts["client_secret"] not in done.stdout
        return {line["name"]: line for line in lines[:-1]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    with sandbox_program(tmp_path_factory.mktemp("sandbox")) as client:
        yield client


@pytest.fixture
def doctor(tmp_path: Path, client: SandboxClient) -> Doctor:
    """It meets a sandbox that behaves well, and a tenant that has no URL."""
    client.behave(None)
    client.replace(None)
    fakes = [FakeProgram("cloudflared", tmp_path), FakeProgram("ngrok", tmp_path)]
    return Doctor(tmp_path / "home", fakes, client)


NAMES = (
    *("settings", "credentials", "token", "scope", "tenant", "clock", "registered"),
    *("tunnel", "processes", "journal", "handler", "port", "history", "terminal"),
)


def test_where_all_is_well_all_is_said_to_be_well(doctor: Doctor) -> None:
    with handler() as hooks:
        checks = doctor.checks("-f", f"{hooks.port}/hooks")
    assert tuple(checks) == NAMES
    assert {check["state"] for check in checks.values()} == {"ok"}
    assert "ngrok 3.39.8, with an authtoken; cloudflared 2026.8.0" in checks["tunnel"]["found"]
    assert checks["registered"]["found"] == "no URL is configured"
    assert not (doctor.home / "history.db").exists()  # nothing is changed


def test_what_fails_fails_alone_and_has_a_fix(doctor: Doctor) -> None:
    """A clock that is off, a dead session's URL, a port and a handler that are not to be had."""
    doctor.client.behave({"date_skew": 600})
    records = doctor.home / "tunnels"
    records.mkdir(parents=True)
    with (
        socket.socket() as taken,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as orphan,
    ):
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        url = f"https://localhost:{port}/gooclaim-cli/dead"
        doctor.client.configure(url)
        record = {"session": 2**22 + 1, "started": time.time(), "program": "/usr/bin/ngrok"}
        (records / f"{orphan.pid}.json").write_text(json.dumps(record))
        (doctor.home / "journal").mkdir()
        (doctor.home / "journal" / "development-tnt_a.json").write_text("{}")
        (doctor.home / "history.db").write_bytes(b"no database" * 1000)
        checks = doctor.checks("-f", str(port), "--port", str(port), code=1)
        orphan.communicate()
    states = {name: check["state"] for name, check in checks.items()}
    bad = {"clock", "registered", "handler", "port", "processes", "journal", "history"}
    assert {name for name, state in states.items() if state == "failed"} == bad
    assert all(checks[name]["fix"] for name in bad)
    assert "behind" in checks["clock"]["found"]
    assert "a session's that is not listening" in checks["registered"]["found"]
    assert "ngrok" in checks["processes"]["found"]
    assert "development-tnt_a" in checks["journal"]["found"]


def test_a_session_that_listens_is_told_from_one_that_is_dead(doctor: Doctor) -> None:
    with running([*GOOCLAIM, "listen", "--json"], doctor.env) as listen:
        listen.told("ready")
        checks = doctor.checks(SSL_CERT_FILE=doctor.client.facts["ca_file"])
    assert "is a session's, and it is listening" in checks["registered"]["found"]
    assert checks["journal"]["state"] == "ok"  # of a session that lives


def test_credentials_that_are_refused_are_told(doctor: Doctor) -> None:
    checks = doctor.checks(code=1, GOOCLAIM_CLIENT_SECRET="wrong_obviously_fake")
    assert checks["token"]["state"] == "failed"
    assert checks["scope"]["state"] == "skipped"
    assert checks["clock"]["state"] == "ok"  # a refusal has a Date, too


def test_without_credentials_the_rest_is_looked_at_all_the_same(doctor: Doctor) -> None:
    checks = doctor.checks(code=1, GOOCLAIM_CLIENT_ID="")
    assert checks["credentials"]["state"] == "failed"
    assert "GOOCLAIM_CLIENT_ID" in checks["credentials"]["found"]
    assert checks["tunnel"]["state"] == "ok"


def test_settings_that_cannot_be_read_are_what_is_told(doctor: Doctor) -> None:
    doctor.home.mkdir()
    (doctor.home / "config.toml").write_text("odd = ")
    checks = doctor.checks(code=1)
    assert tuple(checks) == ("settings", "terminal")
    assert "config.toml" in checks["settings"]["found"]


def test_production_is_not_asked_unless_it_is_meant(doctor: Doctor) -> None:
    checks = doctor.checks("--api-url", "https://api.gooclaim.com", code=1)
    assert checks["credentials"]["state"] == "failed"
    assert "--live" in checks["credentials"]["found"]


def test_on_a_screen_it_is_one_screen(doctor: Doctor) -> None:
    """Eighty columns, with marks, no wider, and the fix below what fails."""
    done = subprocess.run(
        [*GOOCLAIM, "doctor", "--port", "1", "--bind", "192.0.2.1"],
        env=doctor.env | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) < 40
    assert any(line.startswith("✗ port ") for line in lines)
    assert any("→ choose another" in line for line in lines)
    assert lines[-1] == "1 of 14 checks failed."
