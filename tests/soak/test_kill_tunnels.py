"""A few rounds of the soak; CI runs more: see `.ci/run`."""

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("SIGKILL", allow_module_level=True)

from tests.soak.kill_tunnels import main


def test_a_kill_leaves_no_tunnel_and_no_url_that_nobody_knows_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["--rounds", "3", "--seconds-per-round", "0.2"])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0, lines
    assert len(lines) == 4
    assert "nothing left" in lines[-1]
