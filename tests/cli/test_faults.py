"""A fault of our own in the middle of a session: filed, told, and survived."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .posting import LISTEN, post, told
from .support import CREDENTIALS, PATIENCE, environment, interrupt

PROGRAM = Path(__file__).with_name("no_randomness.py")


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_inside_the_receiver_is_filed_once_and_told(home: Path, *, debug: bool) -> None:
    """Deliveries are answered 500 while it lasts, and 200 again afterwards."""
    nothing_random = home / "nothing-random"
    arguments = [str(nothing_random), *(["--debug"] if debug else []), *LISTEN]
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), *arguments],
        env=environment(home, **CREDENTIALS, PYTHONPATH=str(PROGRAM.parents[2])),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as session:
        try:
            url = told(session, "ready")["local_url"]
            nothing_random.touch()
            assert [post(url, 1), post(url, 1)] == [500, 500]
            nothing_random.unlink()
            assert post(url, 1) == 200
            faults = [fault_of(session) for _ in range(2)]
            interrupt(session)
            assert session.wait(timeout=PATIENCE) == 0
            assert session.stderr is not None
            said = session.stderr.read().decode()
        finally:
            session.kill()
    assert said.count("Traceback") == (2 if debug else 0)
    assert bool(said) == debug
    (report,) = home.parent.glob("gooclaim-bug-*.txt")
    assert "checking.py:" in report.read_text()
    for fault in faults:
        assert "(NotImplementedError)" in fault["message"]
        assert str(report) in fault["hint"]
        assert "a value" not in f"{fault}{report.read_text()}"


def fault_of(session: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """The next notice of a fault."""
    while (notice := told(session, "notice"))["code"] != "internal_error":
        pass
    return notice
