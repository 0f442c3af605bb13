"""What holds for all tests."""

import contextlib
import importlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine makes up examples, while others use it, says nothing about what is tested.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Where bytecode is not kept, each worker and each program that a test starts compiles all anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Have each worker begin with other modules, and find those compiled that the rest began with.

    Compiling the tests, with pytest's own words for failed assertions, takes longer than all else
    that is done to collect them; side by side in the same order, every worker would do all of it.
    """
    worker: dict[str, object] | None = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args != session.config.getini("testpaths"):
        return
    number, count = int(str(worker["workerid"]).removeprefix("gw")), int(str(worker["workercount"]))
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    first = len(files) * number // count
    for path in files[first:] + files[:first]:
        name = ".".join(path.relative_to(session.config.rootpath).with_suffix("").parts)
        with contextlib.suppress(Exception):  # collecting tells what is wrong with it
            importlib.import_module(name)
