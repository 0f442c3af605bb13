"""Programs and packages beyond our own that some tests need."""

import importlib.util
import os
import shutil

import pytest


def needs(program: str, *folders: str) -> pytest.MarkDecorator:
    """Skip a test where a program is missing; where nothing may be skipped, let it run and fail.

    `folders` are searched beside the PATH.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *folders))
    missing = shutil.which(program, path=path) is None
    return pytest.mark.skipif(missing and _may_skip(), reason=f"{program} is not installed")


def needs_packages(*names: str) -> pytest.MarkDecorator:
    """The same for Python packages of the extra `test`."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    reason = f"{', '.join(missing)} not installed"
    return pytest.mark.skipif(bool(missing) and _may_skip(), reason=reason)


def _may_skip() -> bool:
    return not os.environ.get("GOOCLAIM_TESTS_SKIP_NOTHING")
