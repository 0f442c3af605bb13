"""Your handler behind a local Gooclaim, in pytest. It may be written in any language."""

import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

# This line belongs into your topmost conftest.py, once you have one.
pytest_plugins = ["gooclaim_cli.pytest_plugin"]

# Yours to change, here or in the environment: how your handler is started (as HANDLER_START, one
# line), where it takes webhooks, and how many seconds it may take until it listens.
EXAMPLE = Path(__file__).parent.parent / "handler.py"
START = shlex.split(os.environ.get("HANDLER_START", "")) or [sys.executable, str(EXAMPLE), "{port}"]
PATH = os.environ.get("HANDLER_PATH", "/hooks")
WITHIN = float(os.environ.get("HANDLER_WITHIN", "30"))


@pytest.fixture
def handler_url(handler):
    """Where your handler is. What it printed meanwhile is shown below a test that fails."""
    url, log = handler
    before = log.stat().st_size
    yield url
    print(log.read_bytes()[before:].decode(errors="replace"), end="")


@pytest.fixture(scope="session")
def handler(gooclaim_signing_secret, tmp_path_factory):
    """Your handler, started once for all tests: its URL, and the file that it prints to."""
    if str(EXAMPLE) in START and not EXAMPLE.exists():
        pytest.fail("how is your handler started? Say it in START, or HANDLER_START", pytrace=False)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [part.replace("{port}", str(port)) for part in START]
    settings = {"GOOCLAIM_SIGNING_SECRET": gooclaim_signing_secret, "PORT": str(port)}
    log = tmp_path_factory.mktemp("handler") / "handler.log"
    process = start(command, {**os.environ, **settings}, log)
    try:
        wait_until_it_listens(process, port, log)
        yield f"http://127.0.0.1:{port}{PATH}", log
    finally:
        end(process)


def start(command, env, log):
    try:
        with log.open("wb") as printed:
            return subprocess.Popen(command, env=env, stdout=printed, stderr=subprocess.STDOUT)
    except OSError as error:
        pytest.fail(
            f"your handler cannot be started: {shlex.join(command)}: {error}", pytrace=False
        )


def wait_until_it_listens(process, port, log):
    until = time.monotonic() + WITHIN
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        code, problem = process.poll(), None
        if code is not None:
            problem = f"ended with exit code {code}"
        elif time.monotonic() > until:
            problem = f"does not listen on 127.0.0.1:{port} after {WITHIN:g} s"
        if problem:
            told = log.read_text(errors="replace").strip() or "nothing"
            command = shlex.join(process.args)
            pytest.fail(f"your handler {problem}: {command}\nIt printed:\n{told}", pytrace=False)


def end(process):
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def test_an_event_is_taken(gooclaim_sandbox, handler_url):
    gooclaim_sandbox.point_at(handler_url)
    event = gooclaim_sandbox.emit("pending_docs.uploaded", {"document_ref": "doc_1"})
    assert event.outcome().state == "delivered"
    # Look into your own database here: was it processed, and once?


def test_events_that_come_twice_and_out_of_order_are_taken(gooclaim_sandbox, handler_url):
    gooclaim_sandbox.point_at(handler_url)
    gooclaim_sandbox.behave(duplicates=1.0, reorder=0.5)
    story = ("workflow.started", "pending_docs.uploaded", "workflow.completed")
    events = [gooclaim_sandbox.emit(each, {"workflow_id": "wf_1"}) for each in story]
    gooclaim_sandbox.behave()
    gooclaim_sandbox.emit()  # the next one, behind which the last may be held back
    assert {event.outcome().state for event in events} == {"delivered"}


def test_whatever_is_wrong_is_answered_right(gooclaim_event, gooclaim_fault, handler_url):
    delivery = gooclaim_event("workflow.completed", fault=gooclaim_fault)
    delivery.check(delivery.send(handler_url))
