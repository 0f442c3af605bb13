"""A public URL that no probe comes back through: a person is asked, a program is told."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX", allow_module_level=True)

import pexpect

from tests.cli.support import taken_port
from tests.e2e.support import GOOCLAIM, HOME_URL, PATIENCE, SandboxClient, environment, running


@pytest.fixture
def command() -> Iterator[list[str]]:
    """A session whose public URL leads to a port where nobody is."""
    with taken_port() as port:
        url = f"https://localhost:{port}"
        yield [*GOOCLAIM, "listen", "--public-url", url, "--probe-within", "0.3s"]


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_a_person_is_asked_whether_to_go_on(
    tmp_path: Path, sandbox: SandboxClient, command: list[str], answer: str
) -> None:
    child = pexpect.spawn(
        command[0],
        command[1:],
        env=environment(tmp_path / "home", **sandbox.variables),
        timeout=PATIENCE,
        encoding="utf-8",
        dimensions=(40, 100),
    )
    try:
        child.expect("no probe has come back through")
        child.expect(re.escape("Go on without the proof? [y/N]: "))
        found = sandbox.webhook()
        assert found is not None
        assert found["url"] == HOME_URL  # nothing is registered before the answer
        child.sendline(answer)
        if answer == "y":
            child.expect("Ready")
            child.sendintr()
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == (0 if answer == "y" else 5)
    finally:
        child.close(force=True)
    found = sandbox.webhook()
    assert found is not None
    assert found["url"] == HOME_URL


def test_control_c_ends_the_question(
    tmp_path: Path, sandbox: SandboxClient, command: list[str]
) -> None:
    child = pexpect.spawn(
        command[0],
        command[1:],
        env=environment(tmp_path / "home", **sandbox.variables),
        timeout=PATIENCE,
        encoding="utf-8",
    )
    try:
        child.expect("Go on without the proof")
        child.sendintr()
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 130
        assert "Traceback" not in (child.before or "")
    finally:
        child.close(force=True)


def test_a_program_is_told_and_can_say_so_beforehand(
    tmp_path: Path, sandbox: SandboxClient, command: list[str]
) -> None:
    env = environment(tmp_path / "home", **sandbox.variables)
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 5
    assert "no probe has come back through" in done.stderr
    assert "--no-probe" in done.stderr
    with running([*command, "--no-probe", "--json"], env) as program:
        assert program.told("ready")["registered"] is True
        assert program.end()[0] == 0
