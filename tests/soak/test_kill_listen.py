"""A few rounds of the soak; CI runs more: see `.ci/run`."""

import sys

import pytest

from tests.soak.kill_listen import main


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_nothing_that_was_acknowledged_is_lost_to_a_kill(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["--rounds", "3", "--seconds-per-round", "0.5"])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0, lines
    assert len(lines) == 4
    assert "none lost" in lines[-1]
