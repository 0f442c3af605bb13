"""A few rounds of the soak; CI runs more: see `.ci/run`."""

import sys

import pytest

from tests.soak.kill_registration import main


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_after_a_kill_one_restore_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--rounds", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0, lines
    assert len(lines) == 4
    assert "what it was each time" in lines[-1]
