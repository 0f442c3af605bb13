"""Deliveries made by curl and openssl alone: programs that know nothing of our code."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support import (
    GOOCLAIM,
    Handler,
    Program,
    environment,
    event_body,
    handler,
    now,
    openssl_signature,
    running,
)
from tests.programs import needs

CURL = ["curl", "-sS", "--noproxy", "*"]
SECRET = "whsec_obviously_fake"
pytestmark = [needs("curl"), needs("openssl")]


@dataclass
class Listening:
    """A `listen --tunnel none --json`, its handler, and its `ready`."""

    program: Program
    handler: Handler
    ready: dict[str, Any]
    home: Path


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    """Listen without an account: a signing secret is all there is."""
    env = environment(tmp_path, GOOCLAIM_SIGNING_SECRET=f"whsec_old_one,{SECRET}")
    with handler() as hooks:
        command = [*GOOCLAIM, "listen", "--tunnel", "none", "--json", "-f", f":{hooks.port}/a?b=c"]
        with running(command, env) as program:
            yield Listening(program, hooks, program.told("ready"), tmp_path)


def curl(url: str, body: bytes, *headers: str, options: tuple[str, ...] = ()) -> int:
    """POST with curl; returns the status."""
    flags = [flag for header in headers for flag in ("-H", header)]
    done = subprocess.run(
        [
            *CURL,
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            *options,
            *flags,
            "--data-binary",
            "@-",
            url,
        ],
        input=body,
        capture_output=True,
        check=True,
    )
    return int(done.stdout)


def signed(body: bytes, key: str, *, secret: str = SECRET, signature: str = "") -> list[str]:
    """Gooclaim's headers for a body."""
    return [
        "Content-Type: application/json",
        "X-Gooclaim-Event: workflow.completed",
        f"X-Gooclaim-Signature: {signature or openssl_signature(body, secret)}",
        f"X-Gooclaim-Timestamp: {now()}",
        f"X-Gooclaim-Idempotency-Key: {key}",
    ]


def test_what_curl_sends_arrives_byte_for_byte(listening: Listening) -> None:
    """At the handler, in the record, and from `history show --raw`."""
    body = event_body("evt_curl")
    headers = signed(body, "key-1")
    assert curl(listening.ready["local_url"], body, *headers, "X-Note: caf\u00e9") == 200
    told = listening.program.told("delivery")
    assert (told["verdict"], told["event_id"]) == ("verified", "evt_curl")
    assert told["handler"]["status"] == 200
    received, arrived = listening.handler.request()
    assert arrived == body
    assert received["x-gooclaim-idempotency-key"] == "key-1"
    assert received["x-note"].encode("latin-1").decode() == "caf\u00e9"
    raw = subprocess.run(
        [*GOOCLAIM, "history", "show", "evt_curl", "--raw"],
        env=environment(listening.home),
        capture_output=True,
        check=True,
    )
    assert (raw.stdout, raw.stderr) == (body, b"")


def test_a_chunked_body_is_the_same_body(listening: Listening) -> None:
    """Transfer-Encoding is of the hop, not of the delivery."""
    body = event_body("evt_chunked")
    headers = [*signed(body, "key-1"), "Transfer-Encoding: chunked"]
    assert curl(listening.ready["local_url"], body, *headers) == 200
    received, arrived = listening.handler.request()
    assert arrived == body
    assert received["content-length"] == str(len(body))
    assert "transfer-encoding" not in received


@pytest.mark.parametrize(
    ("make", "status", "reasons"),
    [
        (lambda body: signed(body, "k", secret="another"), 401, ["signature_mismatch"]),
        (lambda body: signed(body + b" ", "k"), 401, ["signature_mismatch"]),
        (lambda body: signed(body, "k")[:2], 400, None),
        (lambda body: signed(body, "k", signature="abc"), 400, ["signature_malformed"]),
        (
            lambda body: [
                *signed(body, "k")[:1],
                "X-Gooclaim-Event: other",
                *signed(body, "k")[2:],
            ],
            400,
            ["event_type_mismatch"],
        ),
    ],
    ids=["wrong secret", "changed body", "no headers", "malformed", "other type"],
)
def test_what_is_not_right_is_refused(
    listening: Listening, make: Any, status: int, reasons: list[str] | None
) -> None:
    """Refused, told with its reasons, and never forwarded."""
    body = event_body("evt_wrong")
    assert curl(listening.ready["local_url"], body, *make(body)) == status
    told = listening.program.told("delivery")
    assert told["verdict"] == "rejected"
    assert told["handler"] is None
    if reasons is not None:
        assert told["reasons"] == reasons


@pytest.mark.parametrize("form", ["sha256={}", "{}", "upper"])
def test_every_form_of_the_signature_is_taken(listening: Listening, form: str) -> None:
    """Lower and upper case, with and without the prefix."""
    body = event_body("evt_form")
    digest = openssl_signature(body, SECRET)
    signature = digest.upper() if form == "upper" else form.format(digest)
    assert curl(listening.ready["local_url"], body, *signed(body, "k", signature=signature)) == 200


def test_the_older_form_signs_its_timestamp(listening: Listening) -> None:
    """`t=…, v1=…` over `<t>.<body>`."""
    body, at = event_body("evt_old"), now()
    signature = f"t={at}, v1={openssl_signature(b'%d.%b' % (at, body), SECRET)}"
    headers = [
        "X-Gooclaim-Event: workflow.completed",
        f"X-Gooclaim-Signature: {signature}",
        "X-Gooclaim-Idempotency-Key: k",
    ]
    assert curl(listening.ready["local_url"], body, *headers) == 200


def test_other_methods_and_paths_tell_nothing(listening: Listening) -> None:
    """405 for another method, 404 without a word for another path."""
    url = listening.ready["local_url"]
    assert curl(f"{url}x", b"{}") == 404
    done = subprocess.run([*CURL, "-i", url], capture_output=True, check=True)
    head = done.stdout.decode().lower()
    assert "405" in head.split("\r\n")[0]
    assert "server:" not in head


def test_the_sandbox_s_endpoint_is_real_https(tmp_path: Path) -> None:
    """curl verifies the certificate against the sandbox's CA, and refuses without it."""
    command = [*GOOCLAIM, "listen", "--sandbox", "--no-emit", "--json"]
    with running(command, environment(tmp_path)) as program:
        ready = program.told("ready")
        facts = ready["sandbox"]
        body = event_body("evt_tls", tenant=facts["tenant_id"])
        headers = signed(body, "k", secret=facts["signing_secret"])
        trusting = ("--cacert", facts["ca_file"])
        assert curl(ready["public_url"], body, *headers, options=trusting) == 200
        with pytest.raises(subprocess.CalledProcessError) as refused:
            curl(ready["public_url"], body, *headers)
        assert refused.value.returncode == 60  # curl: the peer's certificate was not verified
        assert program.end()[0] == 0
