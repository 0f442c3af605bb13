"""`gooclaim sandbox`: a local Gooclaim that other programs find and use."""

import json
import re
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from .support import Done, RunHere, started

MEMBERS = ["client_id", "client_secret", "tenant_id", "signing_secret", "ca_file"]


def ready_of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The first line of a sandbox."""
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


def call(
    url: str, members: Any = None, token: str = "", method: str | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Call an API as any program would."""
    body = None if members is None else json.dumps(members).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        named["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, body, named, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return response.status, json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def token_of(ready: dict[str, Any]) -> str:
    asked = {
        "grant_type": "client_credentials",
        "client_id": ready["client_id"],
        "client_secret": ready["client_secret"],
    }
    status, granted = call(f"{ready['api_url']}/v1/auth/token", asked)
    assert status == 200
    token: str = granted["access_token"]
    return token


def test_one_object_says_all_that_another_program_needs(home: Path) -> None:
    with started(["sandbox", "--json", "--no-emit"], home) as process:
        ready = ready_of(process)
        assert list(ready) == ["kind", "at", "api_url", *MEMBERS]
        assert ready["kind"] == "ready"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ready["at"])
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", ready["api_url"])
        assert all(isinstance(ready[name], str) and ready[name] for name in MEMBERS)
        ca_file = Path(ready["ca_file"])
        assert ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
        process.send_signal(signal.SIGINT)
        done = Done.of(process)
        assert (done.code, done.stdout, done.stderr) == (0, "", "")
        assert not ca_file.parent.exists()


def test_its_api_is_one_that_any_program_can_use(home: Path) -> None:
    with started(["sandbox", "--json", "--no-emit"], home) as process:
        ready = ready_of(process)
        token = token_of(ready)
        webhook = f"{ready['api_url']}/v1/tenants/{ready['tenant_id']}/webhook"
        assert call(webhook)[0] == 401
        assert call(webhook, token=token)[0] == 404
        wanted = {"url": "https://cms.example.com/hooks", "events": ["workflow.*"]}
        status, made = call(webhook, wanted, token, "PUT", If_None_Match="*")
        assert (status, made["signing_secret"]) == (200, ready["signing_secret"])
        assert call(webhook, token=token)[1]["url"] == wanted["url"]
        status, types = call(f"{ready['api_url']}/v1/webhooks/event-types", token=token)
        assert (status, len(types["event_types"])) == (200, 9)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_ready_file_is_there_while_it_runs(
    home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    file = tmp_path / "ready.json"
    file.write_text("of an earlier run")
    with started(["sandbox", "--json", "--ready-file", str(file), "--no-emit"], home) as process:
        ready = ready_of(process)
        assert token_of(ready)  # answered by the loop that has written the file before
        assert json.loads(file.read_text()) == ready
        assert file.stat().st_mode & 0o777 == 0o600
        process.send_signal(number)
        done = Done.of(process)
        assert (done.code, done.stdout, done.stderr) == (0, "", "")
    assert not file.exists()


def test_people_are_shown_lines_to_paste(home: Path) -> None:
    with started(["sandbox", "--no-emit"], home) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().decode().rstrip("\n") for _ in range(8)]
        settings = dict(
            line.removeprefix("export ").split("=", 1)
            for line in lines
            if line.startswith("export ")
        )
        names = ("API_URL", "CLIENT_ID", "CLIENT_SECRET", "TENANT_ID", "SIGNING_SECRET")
        assert list(settings) == [f"GOOCLAIM_{name}" for name in names]
        assert "gooclaim listen" in lines
        ready = {name.removeprefix("GOOCLAIM_").lower(): text for name, text in settings.items()}
        assert token_of(ready)


def test_a_home_url_is_there_from_the_start(home: Path) -> None:
    url = "https://cms.example.com/hooks"
    with started(["sandbox", "--json", "--no-emit", "--home-url", url], home) as process:
        ready = ready_of(process)
        webhook = f"{ready['api_url']}/v1/tenants/{ready['tenant_id']}/webhook"
        status, found = call(webhook, token=token_of(ready))
        assert (status, found["url"], found["events"]) == (200, url, ["*"])


def test_misbehaviour_is_there_from_the_start(home: Path) -> None:
    misbehaviour = ["--misbehave", "duplicates=0.5", "--misbehave", "api.delay=0.01"]
    with started(["sandbox", "--json", "--no-emit", *misbehaviour], home) as process:
        ready = ready_of(process)
        status, found = call(f"{ready['api_url']}/v1/sandbox/behaviour", token=token_of(ready))
        assert (status, found["duplicates"], found["api"]["delay"]) == (200, 0.5, 0.01)


@pytest.mark.parametrize("text", ["duplicates", "dup=1", "drop=2", "api.status=404"])
def test_misbehaviour_that_cannot_be_meant_is_refused(run_here: RunHere, text: str) -> None:
    run_here(["sandbox", "--misbehave", text]).refused(2, "--misbehave", text.split("=")[0])


def test_nothing_but_its_secret_is_written_below_the_home_folder(home: Path) -> None:
    with started(["sandbox", "--json", "--no-emit"], home) as process:
        ready = ready_of(process)
        (file,) = home.iterdir()
        assert file.read_text() == ready["signing_secret"]


def test_an_output_that_nobody_reads_ends_it_calmly(home: Path) -> None:
    """The reader is gone before the first line."""
    with started(["sandbox", "--json", "--no-emit"], home) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert (process.wait(), errors) == (1, b"")
