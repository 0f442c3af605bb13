"""Programs beyond Python that some tests need."""

import os
import shutil

import pytest


def needs(program: str, *folders: str) -> pytest.MarkDecorator:
    """Skip a test where a program is missing; where nothing may be skipped, let it run and fail.

    `folders` are searched beside the PATH.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *folders))
    missing = shutil.which(program, path=path) is None
    may_skip = not os.environ.get("GOOCLAIM_TESTS_SKIP_NOTHING")
    return pytest.mark.skipif(missing and may_skip, reason=f"{program} is not installed")
