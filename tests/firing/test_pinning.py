"""Pinning: a test in plain Python that signs as Gooclaim does, and knows what was answered."""

import runpy
import time
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest

from gooclaim_cli.firing.differences import Answer
from gooclaim_cli.firing.disguise import Disguise
from gooclaim_cli.firing.pinning import Pin, pin
from gooclaim_cli.firing.replays import Original
from gooclaim_cli.firing.samples import Recipe
from gooclaim_cli.firing.shots import Signer
from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, verify

SECRET = SigningSecret("whsec_obviously_fake")
NOW = 1_779_272_065.0


def pinned(answer: Answer | None = None, **options: Any) -> Pin:
    sample = Recipe(event_type="pending_docs.uploaded").make(now=NOW, random=Random(1))
    original = Original(source="dlv_1", delivery=Signer(SECRET).sign(sample, at=NOW), answer=answer)
    given = {"signed_content": SignedContent.BODY, "keep_data": False, **options}
    return pin(original, url="http://h:1/x", disguise=Disguise(SystemRandom()), **given)


@pytest.mark.parametrize("content", SignedContent)
def test_it_signs_as_gooclaim_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: SignedContent
) -> None:
    """Now, with what the environment says, and under a key that no handler knows."""
    made = pinned(signed_content=content)
    (tmp_path / made.body_name).write_bytes(made.body)
    (tmp_path / made.test_name).write_text(made.test)
    module = runpy.run_path(str(tmp_path / made.test_name))
    monkeypatch.setenv("GOOCLAIM_SIGNING_SECRET", SECRET.value)
    headers, again = module["signed_headers"](), module["signed_headers"]()
    delivery = Delivery(tuple(headers.items()), module["BODY"])
    assert verify(delivery, [SECRET], now=time.time(), signed_content=content).ok
    key = "X-Gooclaim-Idempotency-Key"
    assert headers[key] != again[key]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, ["answer.status in range(200, 300)"]),
        (Answer(500, (), b"trace"), ["answer.status in range(200, 300)"]),
        (Answer(202, (), b""), ["answer.status == 202", "body == b''"]),
        (Answer(200, (), b'{"ok":true}'), ["answer.status == 200", "body == b'{\"ok\":true}'"]),
        (Answer(200, (), b'{"id":"wf_00ff"}'), ["answer.status == 200"]),
        (Answer(200, (), b"x" * 2000), ["answer.status == 200"]),
        (Answer(200, (), None), ["answer.status == 200"]),
    ],
)
def test_what_is_expected_is_what_was_right_and_is_steady(
    answer: Answer | None, expected: list[str]
) -> None:
    lines = [line.strip() for line in pinned(answer).test.splitlines()]
    found = [line.removeprefix("assert ").removesuffix(", body") for line in lines]
    asserted = [line for line in found if line.startswith(("answer.status", "body =="))]
    assert asserted == expected


def test_names_tell_the_type_and_nothing_real() -> None:
    made, other = pinned(), pinned()
    assert made.test_name.startswith("test_pending_docs_uploaded_")
    assert made.body_name == made.test_name.removeprefix("test_").replace(".py", ".json")
    assert made.test_name != other.test_name
    assert pinned(keep_data=True).test_name == pinned(keep_data=True).test_name
