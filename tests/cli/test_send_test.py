"""`gooclaim send-test`: what reaches a handler, what is told of its answer, and how it ends."""

import json
import os
import re
import shlex
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import trustme

from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.wire import (
    CATALOGUE,
    IDEMPOTENCY_KEY_HEADER,
    Delivery,
    SigningSecret,
    decode_event,
    verify,
)
from tests.programs import needs

from .handlers import SECRET, careful, handler
from .support import GOOCLAIM, Done, RunHere, environment, run

ENV = {"GOOCLAIM_SIGNING_SECRET": SECRET}


def objects(done: Done) -> list[dict[str, Any]]:
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def good(delivery: Delivery) -> bool:
    return verify(delivery, [SigningSecret(SECRET)], now=time.time()).ok


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_every_type_arrives_signed_and_is_told(run_here: RunHere, event_type: str) -> None:
    with handler(careful()) as hooks:
        done = run_here(["send-test", event_type, "--to", hooks.url, "--json"], **ENV)
    assert done.code == 0
    forward, summary = objects(done)
    (delivery,) = hooks.seen
    event = decode_event(delivery.body)
    assert good(delivery)
    assert event.event_type == event_type
    expected = {
        "kind": "forward",
        "event_id": event.event_id,
        "event_type": event_type,
        "idempotency_key": delivery.value(IDEMPOTENCY_KEY_HEADER),
        "to": hooks.url,
        "status": 200,
        "error": None,
        "fault": None,
        "expected": "2xx",
        "held": True,
        "next": None,
        "attempt": 1,
    }
    assert expected.items() <= forward.items()
    assert forward["ms"] > 0
    assert {"kind": "summary", "forwarded": 1, "held": 1, "failed": 0}.items() <= summary.items()


def test_a_person_sees_the_answer_and_what_gooclaim_would_do(run_here: RunHere) -> None:
    with handler(lambda _: (503, b'{"error":"\x1b[31mbusy"}')) as hooks:
        done = run_here(["send-test", "workflow.completed", "--to", f":{hooks.port}"], **ENV)
    assert (done.code, done.stderr) == (1, "")
    assert "Answer    503, " in done.stdout
    assert "busy" in done.stdout
    assert "\x1b" not in done.stdout
    assert "would try again in 10 s, attempt 2 of 6" in done.stdout
    assert "expected: 2xx within 5 s" in done.stdout
    assert SECRET not in done.stdout


def test_a_handler_that_is_not_there_is_told(run_here: RunHere) -> None:
    done = run_here(["send-test", "workflow.completed", "--to", "1", "--json"], **ENV)
    forward, _ = objects(done)
    assert done.code == 1
    assert (forward["status"], forward["error"]) == (None, "connection_refused")
    assert (forward["held"], forward["next"]) == (False, 10.0)


def test_of_a_refusal_it_is_told_whose_secret_signed(run_here: RunHere) -> None:
    with handler(lambda _: 401) as hooks:
        done = run_here(["send-test", "claim.fraud_suspect", "--to", hooks.url], **ENV)
    assert done.code == 1
    words = " ".join(done.stdout.split())
    assert "signed with? That is --secret-file's, else, without --to, a running sandbox's" in words
    assert "else the settings': gooclaim config list" in words


def test_an_answer_after_the_deadline_is_none(run_here: RunHere) -> None:
    def late(_: Delivery) -> int:
        time.sleep(0.3)
        return 200

    with handler(late) as hooks:
        command = ["send-test", "workflow.completed", "--to", hooks.url, "--deadline", "100ms"]
        done = run_here([*command, "--json"], **ENV)
    forward, _ = objects(done)
    assert (done.code, forward["error"], forward["held"]) == (1, "timed_out", False)


def test_all_faults_against_a_handler_that_keeps_the_rules(run_here: RunHere) -> None:
    with handler(careful()) as hooks:
        command = ["send-test", "--fault", "all", "--to", hooks.url, "--slow", "50ms"]
        done = run_here(command, **ENV)
    assert (done.code, done.stderr) == (0, "")
    assert "22 of 22 held." in done.stdout
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


def test_all_faults_against_one_that_checks_nothing(run_here: RunHere) -> None:
    """Each that was taken and should not have been is named, and the command says no."""
    with handler(lambda _: 200) as hooks:
        command = ["send-test", "--fault", "all", "--to", hooks.url, "--slow", "50ms"]
        done = run_here(command, **ENV)
        told = objects(run_here([*command, "--json"], **ENV))
    assert done.code == 1
    assert "Right is: 4xx (401 is usual), not processed. Not so with bad-signature, " in done.stdout
    wrong = {each["fault"] for each in told[:-1] if not each["held"]}
    assert wrong == {
        *("bad-signature", "malformed-signature", "no-signature", "wrong-secret"),
        *("tampered-body", "stale", "future", "no-timestamp", "malformed-timestamp"),
        *("type-mismatch", "not-json", "truncated", "missing-member", "retry-after-refusal"),
    }
    assert told[-1]["failed"] == len([each for each in told[:-1] if not each["held"]])


def test_one_that_refuses_everything_is_found_out(run_here: RunHere) -> None:
    with handler(lambda _: 401) as hooks:
        command = ["send-test", "--fault", "all", "--to", hooks.url, "--slow", "0", "--json"]
        told = objects(run_here(command, **ENV))
    assert not told[0]["held"]
    assert {each["fault"] for each in told[:-1] if not each["held"]} >= {None, "unknown-type"}


def test_nothing_there_ends_a_table_early(run_here: RunHere) -> None:
    done = run_here(["send-test", "--fault", "all", "--to", "1"], **ENV)
    assert done.code == 1
    done.told("nothing listens on localhost:1", "start your handler")


def test_a_handler_with_tls(run_here: RunHere, home: Path) -> None:
    """Its certificate is checked, against another authority or not at all where asked for."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with handler(careful(), tls) as hooks:
        plain = ["send-test", "workflow.completed", "--to", hooks.url, "--json"]
        refused, _ = objects(run_here(plain, **ENV))
        assert (refused["error"], refused["held"]) == ("tls_failed", False)
        for trusting in (["--cacert", str(home / "ca.pem")], ["--skip-tls-verify"]):
            assert run_here([*plain, *trusting], **ENV).code == 0
            slow = ["--fault", "slow-body", "--slow", "10ms"]
            assert run_here([*plain, *slow, *trusting], **ENV).code == 0
    assert len(hooks.seen) == 4
    assert all(map(good, hooks.seen))


def test_every_fault_is_named_in_the_help_and_the_readme(run_here: RunHere) -> None:
    shown = run_here(["send-test", "--help"], COLUMNS="80", TERMINAL_WIDTH="80").stdout
    readme = Path(__file__).parents[2].joinpath("README.md").read_text("utf-8")
    for fault in Fault:
        assert re.search(rf"\b{fault}\b", shown)
        assert f"`{fault}`" in readme


def test_several_faults_can_be_named(run_here: RunHere) -> None:
    with handler(careful()) as hooks:
        command = ["send-test", "--fault", "stale", "--fault", "duplicate", "--to", hooks.url]
        told = objects(run_here([*command, "--json"], **ENV))
    assert [each["fault"] for each in told[:-1]] == ["stale", "duplicate", "duplicate"]


def test_deliveries_at_once_are_at_once(run_here: RunHere) -> None:
    """The handler answers none of them before all are there."""
    together = threading.Barrier(4, timeout=10)

    def decide(_: Delivery) -> int:
        together.wait()
        return 200

    with handler(decide) as hooks:
        command = ["send-test", "--fault", "concurrent-duplicates", "--to", hooks.url]
        assert run_here(command, **ENV).code == 0
    assert len({each.value(IDEMPOTENCY_KEY_HEADER) for each in hooks.seen}) == 1


def test_a_retry_follows_the_schedule_until_it_is_taken(run_here: RunHere) -> None:
    """Same body and key at every attempt, as fast as is asked for."""
    answers = iter((500, 404, 202))
    with handler(lambda _: next(answers)) as hooks:
        command = ["send-test", "workflow.completed", "--to", hooks.url, "--retry", "--json"]
        schedule = ["--retry-schedule", "1s,2s,4s", "--speed", "100x"]
        done = run_here([*command, *schedule], **ENV)
    assert done.code == 0
    *attempts, summary = objects(done)
    assert [(each["attempt"], each["status"]) for each in attempts] == [
        (1, 500),
        (2, 404),
        (3, 202),
    ]
    assert 1 <= attempts[0]["next"] <= 1.1
    assert 2 <= attempts[1]["next"] <= 2.2
    assert attempts[2]["next"] is None
    assert summary["forwarded"] == 3
    assert len({(each.body, each.value(IDEMPOTENCY_KEY_HEADER)) for each in hooks.seen}) == 1
    assert all(map(good, hooks.seen))


def test_a_retry_ends_as_a_dead_letter(run_here: RunHere) -> None:
    with handler(lambda _: 302) as hooks:
        command = ["send-test", "workflow.completed", "--to", hooks.url, "--retry"]
        done = run_here([*command, "--retry-schedule", "10ms"], **ENV)
    assert done.code == 1
    assert "2 of 2  302" in done.stdout
    assert "dead letter" in done.stdout


def test_an_event_is_shaped(run_here: RunHere, home: Path) -> None:
    fixture = home / "fixture.json"
    fixture.write_text('{"event_type": "claim.reopened", "data": {"ref": "{doc}", "tags": []}}')
    with handler(careful()) as hooks:
        command = ["send-test", "--fixture", str(fixture), "--to", hooks.url]
        shape = ["--set", "data.tags[]=7", "--set", "data.deep.er=x", "--event-id", "evt_mine"]
        done = run_here([*command, *shape, "--idempotency-key", "key_mine"], **ENV)
    assert done.code == 0
    (delivery,) = hooks.seen
    event = decode_event(delivery.body)
    assert (event.event_id, event.event_type) == ("evt_mine", "claim.reopened")
    assert event.data["tags"] == [7]
    assert event.data["deep"] == {"er": "x"}
    assert event.data["ref"].startswith("doc_")
    assert delivery.value(IDEMPOTENCY_KEY_HEADER) == "key_mine"
    assert delivery.value("x-gooclaim-event") == "claim.reopened"


def test_a_body_is_sent_byte_for_byte_from_standard_input(home: Path) -> None:
    """And judged by what it is: what is no event must be refused."""
    with handler(careful()) as hooks:
        command = [*GOOCLAIM, "send-test", "workflow.completed", "--body-file", "-"]
        done = subprocess.run(
            [*command, "--to", hooks.url, "--json"],
            input=b"\x00 odd \xff\r\n",
            env=environment(home, **ENV),
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert hooks.seen[0].body == b"\x00 odd \xff\r\n"
    forward = json.loads(done.stdout.splitlines()[0])
    assert (forward["event_id"], forward["expected"], forward["status"]) == (None, "4xx", 401)


def test_a_seed_makes_the_same_event_each_time(run_here: RunHere) -> None:
    command = ["send-test", "pending_docs.uploaded", "--dry-run", "--to", "1", "--json", "--seed"]
    first, again, other = (objects(run_here([*command, seed], **ENV))[0] for seed in "779")
    assert first["body"] == again["body"] != other["body"]
    assert first["headers"][4] == again["headers"][4] != other["headers"][4]  # the key


def test_a_dry_run_prints_the_request_and_sends_nothing(home: Path) -> None:
    with handler(careful()) as hooks:
        command = ["send-test", "workflow.completed", "--to", f":{hooks.port}/a?b=c", "--dry-run"]
        done = run(command, home, **ENV)
    assert done.code == 0
    head, _, body = done.raw.partition(b"\r\n\r\n")
    assert head.startswith(f"POST /a?b=c HTTP/1.1\r\nHost: localhost:{hooks.port}\r\n".encode())
    assert f"Content-Length: {len(body) - 1}".encode() in head
    assert decode_event(body).event_type == "workflow.completed"
    assert hooks.seen == []
    assert SECRET not in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
def test_a_dry_run_shows_a_terminal_nothing_hidden(home: Path) -> None:
    (home / "body").write_bytes(b"\x1b[2J\xff" + "\u202e".encode())
    command = ["send-test", "a.b", "--to", "1", "--dry-run", "--body-file", str(home / "body")]
    ours, theirs = os.openpty()
    subprocess.run([*GOOCLAIM, *command], env=environment(home, **ENV), stdout=theirs, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb") as shown:
        assert shown.read1().endswith(b"\r\n\r\n\\x1b[2J\\xff\\u202e\r\n")


@needs("curl")
def test_commands_that_do_the_same(run_here: RunHere) -> None:
    """Each is run, by the program it is for, and the handler cannot tell the difference."""
    with handler(careful()) as hooks:
        for program, runner in (("curl", ["sh"]), ("python", [sys.executable, "-"])):
            shaped = ["--set", 'data.note=it\'s a "test", नमस्ते $HOME `x`\n\\']
            command = ["send-test", "workflow.completed", "--to", hooks.url, *shaped]
            done = run_here([*command, "--seed", "3", "--as", program], **ENV)
            assert (done.code, done.stderr) == (0, "")
            assert SECRET not in done.stdout
            ran = subprocess.run(
                runner, input=done.stdout.encode(), capture_output=True, check=True
            )
            assert b"200" in ran.stdout, ran.stderr
    first, second = hooks.seen
    assert first.body == second.body
    assert decode_event(first.body).data["note"] == 'it\'s a "test", नमस्ते $HOME `x`\n\\'
    assert all(map(good, hooks.seen))
    gooclaims = [name for name, _ in first.headers if name.startswith("X-Gooclaim-")]
    assert gooclaims == [name for name, _ in second.headers if name.startswith("X-Gooclaim-")]


@needs("curl")
@pytest.mark.parametrize("body", [b"\x00\xff\r\n", b"@/etc/hostname", b"x" * 200_000])
def test_any_body_can_be_sent_by_curl(run_here: RunHere, home: Path, body: bytes) -> None:
    file = home / "body"
    file.write_bytes(body)
    with handler(careful()) as hooks:
        command = ["send-test", "workflow.completed", "--to", hooks.url, "--body-file", str(file)]
        done = run_here([*command, "--as", "curl"], **ENV)
        subprocess.run(["sh"], input=done.stdout.encode(), check=True, capture_output=True)
    assert hooks.seen[0].body == body


def test_httpie_is_given_what_it_reads_as_the_same_request(run_here: RunHere) -> None:
    """Its words, read as a shell and httpie read them."""
    command = ["send-test", "workflow.completed", "--to", ":3000/a?b=c", "--seed", "3"]
    printed = run_here([*command, "--as", "httpie", "-H", "X-Empty:"], **ENV).stdout
    (request,) = objects(run_here([*command, "--dry-run", "--json"], **ENV))
    words = shlex.split(printed.replace("\\\n", " "))
    assert words[:3] == ["http", "--print=hb", "--ignore-stdin"]
    assert words[words.index("--raw") + 1] == request["body"]
    (told,) = objects(run_here([*command, "--as", "curl", "--json"], **ENV))
    assert (told["kind"], told["as"], told["command"][:5]) == ("command", "curl", "curl ")
    method, url, *items = words[words.index("POST") :]
    assert (method, url) == ("POST", request["url"])
    headers = [tuple(item.split(":", 1)) for item in items if item != "X-Empty;"]
    unsigned = [tuple(each) for each in request["headers"]]
    assert [name for name, _ in headers] == [name for name, _ in unsigned]
    assert "X-Empty;" in items


@pytest.mark.parametrize("fault", ["slow-body", "concurrent-duplicates"])
def test_what_is_a_matter_of_time_is_no_command(run_here: RunHere, fault: str) -> None:
    done = run_here(["send-test", "--fault", fault, "--to", "1", "--as", "curl"], **ENV)
    done.refused(2, f"what {fault} is", "--as")


REMOTE = "https://cms.example.com/hooks"
PRODUCTION = {"GOOCLAIM_API_URL": "https://api.gooclaim.com"}


def test_what_is_remote_needs_a_yes(run_here: RunHere) -> None:
    """Also where nothing is sent: what is printed could be."""
    for more in ([], ["--dry-run"], ["--as", "curl"]):
        done = run_here(["send-test", "claim.fraud_suspect", "--to", REMOTE, *more], **ENV)
        done.refused(2, "cms.example.com is neither this machine nor", "--yes-remote")
    done = run_here(
        ["send-test", "claim.fraud_suspect", "--to", REMOTE, "--dry-run", "--yes-remote"], **ENV
    )
    assert done.code == 0


def test_nothing_is_signed_with_a_production_secret_for_others(run_here: RunHere) -> None:
    command = ["send-test", "claim.fraud_suspect", "--dry-run", "--yes-remote", "--to"]
    done = run_here([*command, REMOTE], **ENV, **PRODUCTION)
    done.refused(3, "production secret for cms.example.com")
    near = ["send-test", "claim.fraud_suspect", "--dry-run", "--to", "http://cms.internal/x"]
    assert run_here(near, **ENV, **PRODUCTION).code == 0


def test_a_production_secret_in_a_file_is_one_too(run_here: RunHere, home: Path) -> None:
    secret = home / "secret"
    secret.write_text(SECRET + "\n")
    command = ["send-test", "claim.fraud_suspect", "--dry-run", "--yes-remote", "--to", REMOTE]
    done = run_here([*command, "--secret-file", str(secret)], **ENV, **PRODUCTION)
    done.refused(3, "production secret")
    secret.write_text("whsec_of_the_test_system")
    done = run_here([*command, "--secret-file", str(secret)], **ENV, **PRODUCTION)
    assert done.code == 0


def test_a_production_secret_of_another_profile_is_one_too(run_here: RunHere, home: Path) -> None:
    (home / "config.toml").write_text(
        f'[profiles.live]\napi_url = "https://api.gooclaim.com"\nsigning_secret = "{SECRET}"\n'
        '[profiles.odd]\napi_url = "nowhere"\n'
    )
    remote = ["send-test", "claim.fraud_suspect", "--dry-run", "--yes-remote", "--to", REMOTE]
    run_here(remote, **ENV).refused(3, "production secret")
    assert run_here(remote, GOOCLAIM_SIGNING_SECRET="whsec_of_the_test_system").code == 0


def test_a_secret_is_read_from_a_file(run_here: RunHere, home: Path) -> None:
    secret = home / "secret"
    secret.write_text(f"{SECRET}\n")
    with handler(careful()) as hooks:
        command = ["send-test", "workflow.completed", "--to", hooks.url, "--secret-file"]
        assert run_here([*command, str(secret)]).code == 0
        secret.write_text("two\nlines\n")
        run_here([*command, str(secret)]).refused(3, "holds no secret, or more than one line")
        run_here([*command, str(home / "none")]).refused(3, "cannot read")


def test_the_handler_of_the_settings_is_the_default(run_here: RunHere, home: Path) -> None:
    with handler(careful()) as hooks:
        (home / "config.toml").write_text(
            f'forward_to = ["workflow.*=:1", ":{hooks.port}/docs"]\nsigning_secret = "{SECRET}"\n'
        )
        assert run_here(["send-test", "pending_docs.uploaded"]).code == 0
    assert hooks.paths == ["/docs"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ("nothing says which event to send", "gooclaim events")),
        (["workflow.complete", "--to", "1"], ("there is no event type", "workflow.completed")),
        (["workflow.completed"], ("nothing says where to send it", "--to 3000")),
        (["--count", "5"], ("nothing says where", "gooclaim send-test --count 5 --to 3000")),
        (["--scenario", "modes"], ("nothing says", "gooclaim scenario run modes --to 3000")),
        (["workflow.*ed", "--to", "1"], ("is a pattern", "did you mean workflow.started or ")),
        (["workflow.completed", "--to", "ftp://x"], ("--to 'ftp://x': ftp:// is not http",)),
        (["--fault", "evil", "--to", "1"], ("--fault 'evil' is unknown", "bad-signature")),
        (["--fault", "stale", "--retry", "--to", "1"], ("--retry and --fault exclude",)),
        (["a.b", "--dry-run", "--as", "curl", "--to", "1"], ("--dry-run and --as exclude",)),
        (["a.b", "--as", "telnet", "--to", "1"], ("--as 'telnet' is unknown", "httpie")),
        (["a.b", "--speed", "fast", "--to", "1"], ("--speed 'fast' is no factor", "10x")),
        (["a.b", "--set", "x", "--to", "1"], ("--set 'x' is not PATH=VALUE",)),
        (["--fault", "all", "--idempotency-key", "k", "--to", "1"], ("keys of their own",)),
    ],
)
def test_what_cannot_be_meant_is_told(
    run_here: RunHere, arguments: list[str], words: tuple[str, ...]
) -> None:
    run_here(["send-test", *arguments], **ENV).refused(2, *words)


def test_without_a_secret_nothing_is_sent(run_here: RunHere) -> None:
    done = run_here(["send-test", "workflow.completed", "--to", "1"])
    done.refused(3, "no signing secret is known", "GOOCLAIM_SIGNING_SECRET")


@pytest.mark.parametrize("content", ["{", "[]", '{\n"a": nope}', ""])
def test_a_broken_fixture_is_told_with_its_line(
    run_here: RunHere, home: Path, content: str
) -> None:
    fixture = home / "fixture.json"
    fixture.write_text(content)
    done = run_here(["send-test", "--fixture", str(fixture), "--to", "1"], **ENV)
    line = 2 if "\n" in content else 1
    done.refused(3, f"fixture.json, line {line}: ", "--body-file")
