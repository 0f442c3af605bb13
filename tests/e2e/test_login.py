"""Logging in at a real terminal: questions, answers that are not shown, and an interruption."""

import re
import sys
from pathlib import Path

import pytest

from tests.e2e.support import GOOCLAIM, PATIENCE, environment, running

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX", allow_module_level=True)

import pexpect

NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def test_a_person_is_asked_and_nothing_secret_is_shown(tmp_path: Path) -> None:
    env = environment(tmp_path / "home", **NO_KEYRING)
    with running([*GOOCLAIM, "sandbox", "--no-emit", "--json"], env) as sandbox:
        ready = sandbox.told("ready")
        child = pexpect.spawn(
            GOOCLAIM[0],
            [*GOOCLAIM[1:], "login", "--api-url", ready["api_url"]],
            env=env,
            dimensions=(40, 80),
            encoding="utf-8",
            timeout=PATIENCE,
        )
        shown = ""
        for question, answer in (
            (r"Client id: ", ready["client_id"]),
            (r"Client secret \(not shown\): ", ready["client_secret"]),
            (rf"Tenant id \[{ready['tenant_id']}\]: ", ""),  # the token tells
        ):
            child.expect(question)
            shown += child.before or ""
            child.sendline(answer)
        child.expect(pexpect.EOF)
        shown += child.before or ""
        child.close()
        assert child.exitstatus == 0, shown
        assert "Logged in." in shown
        assert ready["tenant_id"] in shown
        assert ready["client_secret"] not in shown
        assert all(len(line) <= 80 or "/" in line for line in shown.splitlines())


def test_a_question_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    env = environment(home, **NO_KEYRING)
    child = pexpect.spawn(
        GOOCLAIM[0], [*GOOCLAIM[1:], "login"], env=env, encoding="utf-8", timeout=PATIENCE
    )
    child.expect("Client id: ")
    child.sendline("client_a")
    child.expect(re.escape("Client secret (not shown): "))
    child.sendintr()
    child.expect(pexpect.EOF)
    assert "Traceback" not in (child.before or "")
    child.close()
    assert child.exitstatus == 130
    assert not home.exists()
