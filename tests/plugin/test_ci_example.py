"""The workflow for a pipeline, and its tests in pytest, run step by step as a runner would."""

import json
import os
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest

from tests.e2e.support import environment
from tests.plugin.runner import Job
from tests.programs import needs

EXAMPLES = Path(__file__).parents[2] / "examples"
WORKFLOW = EXAMPLES / "ci" / "gooclaim.yml"
# The package index is out of reach: gooclaim is installed already.
PIP = '#!/bin/sh\necho "pip $*"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the handler and the workflow's tests."""
    folder = tmp_path / "checkout"
    shutil.copytree(EXAMPLES / "ci", folder / "examples" / "ci")
    shutil.copy(EXAMPLES / "handler.py", folder / "examples")
    return folder


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A machine on which `pip install gooclaim-cli` has nothing to do."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "pip").write_text(PIP)
    (programs / "pip").chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"]))
    return environment(tmp_path / "home", PATH=path, PORT=str(port))


@needs("bash")
@needs("curl")
@needs("jq")
def test_the_workflow_holds_for_a_right_handler(checkout: Path, env: dict[str, str]) -> None:
    job = Job(WORKFLOW, "handler", checkout, env)
    steps = list(job.run())
    told = "\n".join(f"{step.name}: {step.code}\n{step.output}" for step in steps)
    assert [step.code for step in steps] == [0] * 7, told
    install, _start, _handler, arrived, faults, story, _stop = steps
    assert install.output == "pip install gooclaim-cli\n"
    seen = json.loads(arrived.output)
    assert (seen["event_type"], seen["handler"]["status"]) == ("pending_docs.uploaded", 200)
    assert "retry-after-refusal" in faults.output
    assert "6 of 6 steps held." in story.output
    *_, summary = map(json.loads, (job.temporary / "received.jsonl").read_text().splitlines())
    assert summary.items() >= {"kind": "summary", "verified": 1, "restored": True}.items()
    assert job.left_behind() == []
    assert set(job.used) >= {"actions/checkout@v4", "actions/setup-python@v5"}


@needs("bash")
def test_a_sandbox_that_cannot_start_is_told_at_once(checkout: Path, env: dict[str, str]) -> None:
    job = Job(WORKFLOW, "handler", checkout, env | {"PORT": "70000"})
    *_, last = job.run()
    assert (last.name, last.code) == ("Start a local Gooclaim", 1)
    assert "error: " in last.output


@needs("bash")
def test_the_tests_in_pytest_hold(checkout: Path, env: dict[str, str]) -> None:
    job = Job(WORKFLOW, "pytest", checkout, env)
    install, tests = job.run()
    assert install.output == "pip install gooclaim-cli[pytest]\n"
    assert tests.code == 0, tests.output
    assert re.search(r"^=+ 18 passed in ", tests.output, re.M)
    assert job.left_behind() == []
