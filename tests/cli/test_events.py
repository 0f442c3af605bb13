"""`gooclaim events`: the catalogue, from the API where it can be asked, and samples."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.wire import CATALOGUE, decode_event

from .support import CREDENTIALS, RunBoth, RunHere, run


@contextlib.contextmanager
def api(listed: Any, status: int = 200) -> Iterator[dict[str, str]]:
    """An API that grants a token and lists event types; yields the settings that lead to it."""

    class Serve(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.answer(200, {"access_token": "t", "expires_in": 3600})

        def do_GET(self) -> None:
            assert self.path == "/v1/webhooks/event-types"
            assert self.headers["authorization"] == "Bearer t"
            self.answer(status, listed)

        def answer(self, status: int, members: Any) -> None:
            content = json.dumps(members).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Serve) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield {**CREDENTIALS, "GOOCLAIM_API_URL": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()
        thread.join()


def test_without_credentials_the_list_is_the_built_in_one(run_both: RunBoth) -> None:
    shown, told = run_both(["events"])
    objects = [json.loads(line) for line in told.stdout.splitlines()]
    assert (shown.code, shown.stderr, told.code, told.stderr) == (0, "", 0, "")
    assert [each["name"] for each in objects] == list(CATALOGUE)
    assert {(each["kind"], each["source"]) for each in objects} == {("event_type", "built_in")}
    for name, each in CATALOGUE.items():
        assert f"{name} " in shown.stdout
        assert each.description in shown.stdout


def test_with_credentials_the_list_is_the_apis(run_here: RunHere) -> None:
    listed = {"event_types": [{"name": "claim.reopened", "description": "of a \x1b[1mlater one"}]}
    with api(listed) as variables:
        shown, told = run_here(["events"], **variables), run_here(["events", "--json"], **variables)
        built_in = run_here(["events", "--built-in"], **variables)
    assert shown.stdout.split() == ["claim.reopened", "of", "a", "\\x1b[1mlater", "one"]
    (only,) = [json.loads(line) for line in told.stdout.splitlines()]
    assert (only["name"], only["source"]) == ("claim.reopened", "api")
    assert "workflow.started" in built_in.stdout


@pytest.mark.parametrize(
    ("listed", "status"), [({"event_types": "all"}, 200), ({"event_types": [1]}, 200), ({}, 403)]
)
def test_where_the_api_does_not_tell_the_built_in_list_is_shown(
    run_here: RunHere, listed: Any, status: int
) -> None:
    with api(listed, status) as variables:
        shown, told = run_here(["events"], **variables), run_here(["events", "--json"], **variables)
    assert shown.code == told.code == 0
    assert "workflow.started" in shown.stdout
    assert "! warning: Gooclaim's API could not be asked" in shown.stderr
    assert told.stderr == ""
    notice, *types = [json.loads(line) for line in told.stdout.splitlines()]
    assert (notice["kind"], notice["code"]) == ("notice", "event_types_not_asked")
    assert len(types) == len(CATALOGUE)
    shown.calm()


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_a_sample_is_shown(run_here: RunHere, event_type: str) -> None:
    shown = run_here(["events", "show", event_type, "--seed", "1"])
    told = json.loads(run_here(["events", "show", event_type, "--seed", "1", "--json"]).stdout)
    assert CATALOGUE[event_type].description in " ".join(shown.stdout.split())
    assert (told["kind"], told["event_type"]) == ("sample", event_type)
    assert told["event"]["event_id"] in shown.stdout
    assert json.loads(shown.stdout.partition("\n\n")[2]) == told["event"]


def test_a_samples_bytes_are_given_as_they_are(home: Path) -> None:
    done = run(["events", "show", "pending_docs.uploaded", "--raw"], home)
    assert decode_event(done.raw).event_type == "pending_docs.uploaded"


@pytest.mark.parametrize("event_type", ["pending_docs.uploaded", "claim.reopened"])
def test_a_template_is_a_fixture_to_start_from(
    run_here: RunHere, home: Path, event_type: str
) -> None:
    """Sent as a fixture, it is filled in anew each time."""
    shown = run_here(["events", "show", event_type, "--template"])
    fixture = home / "fixture.json"
    fixture.write_text(shown.stdout)
    command = ["send-test", event_type, "--fixture", str(fixture), "--to", "1", "--dry-run"]
    first, again = (
        json.loads(run_here([*command, "--json"], GOOCLAIM_SIGNING_SECRET="x").stdout)["body"]
        for _ in range(2)
    )
    assert first != again
    assert decode_event(first.encode()).event_type == event_type
    assert "{" not in json.dumps(json.loads(first)["data"])[1:]


def test_what_cannot_be_meant_is_told(run_here: RunHere) -> None:
    slip = run_here(["events", "show", "workflow.complete"])
    slip.refused(2, "did you mean workflow.completed?")
    assert "send" not in slip.stderr
    run_here(["events", "show", "claim.*"]).refused(
        2, "'claim.*' is a pattern", "did you mean claim.fraud_suspect?"
    )
    run_here(["events", "show", "a.?"]).refused(2, "is a pattern", "gooclaim events lists")
    run_here(["events", "--json", "show", "a.b"]).refused(2, "write it behind")
    run_here(["events", "show", "a.b", "--raw", "--json"]).refused(2, "exclude each other")


def test_production_is_not_asked_without_live(run_here: RunHere) -> None:
    variables = CREDENTIALS | {"GOOCLAIM_API_URL": "https://api.gooclaim.com"}
    run_here(["events"], **variables).refused(3, "counts as production and needs --live")
    assert run_here(["events", "--built-in"], **variables).code == 0
