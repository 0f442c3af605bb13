"""The workflow for a pipeline, and its tests in pytest, run step by step as a runner would."""

import json
import os
import re
import shlex
import shutil
import socket
import sys
from pathlib import Path

import pytest

from tests.e2e.support import environment
from tests.plugin.runner import Job
from tests.programs import needs

pytest_plugins = ["pytester"]
EXAMPLES = Path(__file__).parents[2] / "examples"
WORKFLOW = EXAMPLES / "ci" / "gooclaim.yml"
# The package index is out of reach: gooclaim is installed already.
TESTS = EXAMPLES / "ci" / "test_webhooks.py"
WRONG = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        print(f"POST {self.path}: no database", flush=True)
        self.send_response(500)
        self.end_headers()

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
PIP = '#!/bin/sh\necho "pip $*"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This repository, as far as the workflow sees it: the handler, its tests, and our settings."""
    folder = tmp_path / "checkout"
    shutil.copytree(EXAMPLES / "ci", folder / "examples" / "ci")
    shutil.copy(EXAMPLES / "handler.py", folder / "examples")
    shutil.copy(EXAMPLES.parent / "pyproject.toml", folder)
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
    """With no more than the extra `pytest` brings: our own tests' plugins are not there."""
    job = Job(WORKFLOW, "pytest", checkout, env | {"PYTEST_ADDOPTS": "-p no:timeout"})
    install, tests = job.run()
    assert install.output == "pip install gooclaim-cli[pytest]\n"
    assert tests.code == 0, tests.output
    assert re.search(r"^=+ 18 passed in ", tests.output, re.M)
    assert job.left_behind() == []


@needs("bash")
@pytest.mark.parametrize(
    ("program", "within", "told"),
    [
        ("exit('no database')", "50", "your handler has ended; it printed:\nno database\n"),
        ("import time; time.sleep(60)", "0", "your handler does not listen on 127.0.0.1:"),
    ],
)
def test_a_handler_that_does_not_listen_is_told(
    checkout: Path, env: dict[str, str], program: str, within: str, told: str
) -> None:
    """In the workflow, which waits no longer than it is told to."""
    (checkout / "examples" / "handler.py").write_text(program)
    job = Job(WORKFLOW, "handler", checkout, env | {"HANDLER_WITHIN": within})
    job.only("Start your handler")
    (last,) = job.run()
    assert last.code == 1
    assert told in last.output
    assert job.left_behind() == []


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A repository of a user's, into which the tests were copied."""
    pytester.makeini("[pytest]\n")
    (pytester.mkdir("tests") / TESTS.name).write_text(TESTS.read_text("utf-8"), "utf-8")
    return pytester


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("", "how is your handler started? Say it in START, or HANDLER_START"),
        ("no-such-program {port}", "your handler cannot be started: no-such-program *"),
        ("PYTHON -c 'exit(\"no database\")'", "your handler ended with exit code 1: *"),
        (
            "PYTHON -c 'import time; time.sleep(60)'",
            "your handler does not listen on 127.0.0.1:* after 0.2 s: *",
        ),
    ],
)
def test_the_tests_say_why_a_handler_does_not_start(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, command: str, told: str
) -> None:
    monkeypatch.setenv("HANDLER_START", command.replace("PYTHON", shlex.quote(sys.executable)))
    monkeypatch.setenv("HANDLER_WITHIN", "0.2" if "sleep" in command else "50")
    ran = project.runpytest_inprocess("-k", "wrong_is and stale")
    ran.assert_outcomes(errors=1, deselected=17)
    ran.stdout.fnmatch_lines([told])
    if "exit" in command:
        ran.stdout.fnmatch_lines(["It printed:", "no database"])
    # No place in the file, that is: pytest's summary names the test, whole where CI is set.
    assert not re.search(r"test_webhooks\.py:\d", ran.stdout.str())


def test_what_the_handler_printed_is_shown_below_a_test_that_fails(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.path.joinpath("wrong.py").write_text(WRONG)
    monkeypatch.setenv("HANDLER_START", f"{shlex.quote(sys.executable)} wrong.py")  # it has $PORT
    monkeypatch.setenv("HANDLER_PATH", "/webhooks")
    ran = project.runpytest_subprocess("-k", "wrong_is and stale")
    ran.assert_outcomes(failed=1, deselected=17)
    ran.stdout.fnmatch_lines(["*the handler answered 500 to *", "POST /webhooks: no database"])
