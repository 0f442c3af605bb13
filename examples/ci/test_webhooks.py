"""Your handler behind a local Gooclaim, in pytest. It may be written in any language."""

import os
import socket
import subprocess
import sys
import time

import pytest

# This line belongs into your topmost conftest.py, once you have one.
pytest_plugins = ["gooclaim_cli.pytest_plugin"]

# Yours to change: how your handler is started, and where it takes webhooks.
START = [sys.executable, "examples/handler.py", "{port}"]
PATH = "/hooks"


@pytest.fixture(scope="session")
def handler_url(gooclaim_signing_secret):
    """Your handler, started once for all tests."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [part.format(port=port) for part in START]
    settings = {"GOOCLAIM_SIGNING_SECRET": gooclaim_signing_secret}
    with subprocess.Popen(command, env={**os.environ, **settings}) as handler:
        wait_until_it_listens(handler, port)
        yield f"http://127.0.0.1:{port}{PATH}"
        handler.terminate()


def wait_until_it_listens(handler, port):
    while True:
        assert handler.poll() is None, "the handler ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return


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
