"""The tenant's URL and the endings that only a process of its own can have."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support import GOOCLAIM, HOME_URL, PATIENCE, SandboxClient, environment, running

THEIRS = "https://cms.example.test/new"

if sys.platform == "win32":
    pytest.skip("signals and terminals are POSIX", allow_module_level=True)


@pytest.fixture
def env(tmp_path: Path, sandbox: SandboxClient) -> Iterator[dict[str, str]]:
    yield environment(tmp_path / "home", **sandbox.variables)
    sandbox.behave(None)
    assert url_of(sandbox) == HOME_URL


def url_of(sandbox: SandboxClient) -> str | None:
    found = sandbox.webhook()
    return found["url"] if found else None


def gooclaim(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GOOCLAIM, *arguments], env=env, capture_output=True, text=True, check=False
    )


def restored(env: dict[str, str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run `gooclaim restore --json`."""
    done = gooclaim(env, "restore", "--json", *arguments)
    assert done.stderr == ""
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, told


def test_a_second_ctrl_c_leaves_at_once_and_says_what_is_left_behind(
    env: dict[str, str], sandbox: SandboxClient
) -> None:
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        program.told("ready")
        ours = url_of(sandbox)
        sandbox.behave({"api": {"hang": True, "paths": "*/webhook"}})
        until = time.monotonic() + PATIENCE
        while program.process.poll() is None and time.monotonic() < until:
            program.process.send_signal(signal.SIGINT)  # so soon after, it is one press
            try:
                program.process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
        left = program.stderr.read()
    assert program.process.returncode == 130
    assert f"the tenant's URL is still {ours}" in left
    assert "gooclaim restore" in left
    assert f"gooclaim webhook set {HOME_URL} --take-over" in left
    sandbox.behave(None)
    assert restored(env)[1]["action"] == "put"


def test_a_terminal_that_is_closed_ends_the_session(
    env: dict[str, str], sandbox: SandboxClient
) -> None:
    import pexpect

    child = pexpect.spawn(GOOCLAIM[0], [*GOOCLAIM[1:], "listen"], env=env, encoding="utf-8")
    try:
        child.expect("Ready", timeout=PATIENCE)
        assert url_of(sandbox) != HOME_URL
        os.close(child.child_fd)  # the window is gone
        assert child.pid is not None
        _, status = os.waitpid(child.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    finally:
        child.closed = True
        child.child_fd = -1
        child.terminated = True
    assert url_of(sandbox) == HOME_URL


def test_restore_after_a_kill(env: dict[str, str], sandbox: SandboxClient) -> None:
    """While it runs it is refused; then it looks, puts back, and finds nothing more to do."""
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        program.told("ready")
        ours = url_of(sandbox)
        refused = gooclaim(env, "restore")
        assert refused.returncode == 3
        assert f"process {program.process.pid}, since" in refused.stderr
        program.process.kill()
        program.process.wait()
    looked = gooclaim(env, "restore", "--dry-run")
    assert (looked.returncode, looked.stderr) == (0, "")
    assert looked.stdout.startswith(f"Would put back {HOME_URL} in place of {ours} (since ")
    assert url_of(sandbox) == ours
    code, told = restored(env)
    assert code == 0
    assert told.pop("at")
    assert told.pop("found_updated_at")
    assert told == {
        "kind": "restore",
        "environment": "sandbox",
        "tenant_id": sandbox.facts["tenant_id"],
        "left_behind": True,
        "action": "put",
        "dry_run": False,
        "restored": True,
        "session_url": ours,
        "home_url": HOME_URL,
        "found_url": ours,
    }
    nothing = gooclaim(env, "restore")
    assert nothing.stdout.startswith("Nothing to restore")
    assert (nothing.returncode, nothing.stderr) == (0, "")


def test_restore_goes_over_somebody_elses_change_by_force_only(
    env: dict[str, str], sandbox: SandboxClient
) -> None:
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        program.told("ready")
        program.process.kill()
        program.process.wait()
    sandbox.configure(THEIRS)
    left = gooclaim(env, "restore")
    assert left.returncode == 1
    assert "Not restored: the tenant's URL was changed while we listened" in left.stdout
    assert THEIRS in left.stdout
    assert "gooclaim restore --force" in left.stdout
    assert url_of(sandbox) == THEIRS
    assert restored(env)[1]["action"] == "leave"
    code, told = restored(env, "--force")
    assert (code, told["action"], told["restored"]) == (0, "put", True)


def test_the_webhook_is_looked_at_changed_and_tested_without_a_session(
    env: dict[str, str], sandbox: SandboxClient
) -> None:
    """What is printed at the start is what a colleague types: here, on another machine."""
    colleague = {**env, "GOOCLAIM_HOME": env["GOOCLAIM_HOME"] + "-2"}
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        ready = program.told("ready")
        ours = url_of(sandbox)
        shown = told(gooclaim(env, "webhook", "show", "--json"))
        assert (shown["url"], shown["session_here"]) == (ours, True)
        assert (shown["process"], shown["home_url"]) == (program.process.pid, HOME_URL)
        seen = told(gooclaim(colleague, "webhook", "show", "--json"))
        assert (seen["session"], seen["session_here"], seen["process"]) == (True, False, None)
        certificates = ["--cacert", sandbox.facts["ca_file"]]
        tested = told(gooclaim(colleague, "webhook", "test", "--json", *certificates))
        assert (tested["url"], tested["status"], tested["held"]) == (ours, 400, True)
        assert program.told("delivery")["verdict"] == "rejected"
        refused = gooclaim(env, "webhook", "set", THEIRS)
        assert refused.returncode == 3
        assert f"process {program.process.pid}" in refused.stderr
        refused = gooclaim(colleague, "webhook", "set", THEIRS)
        assert refused.returncode == 3
        assert "--take-over" in refused.stderr
        assert url_of(sandbox) == ours
        command = ready["restore_command"].split()
        assert command == ["gooclaim", "webhook", "set", HOME_URL, "--take-over"]
        put_back = told(gooclaim(colleague, *command[1:], "--json"))
        assert (put_back["url"], put_back["previous_url"]) == (HOME_URL, ours)
        assert put_back["changed"]
        code, out, _err = program.end()
    assert code == 0
    assert '"restored":true' in out


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The last object of a command that went well."""
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
