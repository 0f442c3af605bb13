"""A round of the flood; CI runs more: see `.ci/run`."""

import sys

import pytest

from tests.soak.flood import main


@pytest.mark.skipif(sys.platform != "linux", reason="memory and descriptors are read from /proc")
def test_a_flood_keeps_no_real_event_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--rounds", "2", "--seconds-per-round", "0.4"])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0, lines
    assert len(lines) == 3
    assert "all held" in lines[-1]
