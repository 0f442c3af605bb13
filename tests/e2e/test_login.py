"""Logging in at a real terminal: questions, answers that are not shown, and an interruption."""

import re
import sys
from pathlib import Path

import pytest

from gooclaim_cli.credentials import Credentials
from gooclaim_cli.setting_keys import SecretStore
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


def test_a_keyring_that_says_nothing_can_be_left(tmp_path: Path) -> None:
    """It may be asking a person to unlock it: it has its time, but Ctrl-C ends that."""
    home = tmp_path / "home"
    variables = {
        "GOOCLAIM_API_URL": "http://127.0.0.1:9",
        "GOOCLAIM_CLIENT_ID": "client_a",
        "PYTHON_KEYRING_BACKEND": "tests.cli.fake_keyring.Keyring",
        "FAKE_KEYRING": str(tmp_path / "keyring.json"),
        "FAKE_KEYRING_MODE": "hanging",
    }
    record = Credentials(home / "secrets", store=SecretStore.FILE)
    kept = record.keep(variables["GOOCLAIM_API_URL"], "client_a", "obviously fake")
    kept.file.write_text('{"name": "client_a@127.0.0.1:9", "keyring": "fake"}')
    child = pexpect.spawn(
        GOOCLAIM[0],
        [*GOOCLAIM[1:], "whoami"],
        env=environment(home, **variables),
        encoding="utf-8",
        timeout=PATIENCE,
        dimensions=(40, 200),
    )
    child.expect("waiting for the keyring")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
