"""gooclaim_cli.advice: what a handler that refuses verified deliveries is told, once a kind."""

import json
from io import StringIO

import pytest

from gooclaim_cli.happenings import Delivered, Happening, Notice
from gooclaim_cli.render.happening_lines import JsonRenderer
from gooclaim_cli.told import Told

from .render.samples import AT, SANDBOX, answer, delivered, ready


def notices(*happenings: Happening) -> list[Notice]:
    """What is told beside what happens, each right behind what it is about."""
    shown: list[Happening] = []
    told = Told(shown.append, lambda: AT)
    with told.from_now_on(ready(sandbox=SANDBOX)):
        pass
    for each in happenings:
        told.tell(each)
    assert [each for each in shown if not isinstance(each, Notice)][1:] == list(happenings)
    return [each for each in shown if isinstance(each, Notice)]


def answered(status: int) -> Delivered:
    body, headers = b"trace: claim 4711", (("Set-Cookie", "sid=1"),)
    return delivered(
        handler=answer(status, body=body, headers=headers), response_status=status, attempt=2
    )


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "handler_refuses", ["401; verified here", "signing secret", "raw body"]),
        (403, "handler_refuses", ["403; verified here", "shown at the start"]),
        (302, "handler_redirects", ["is not followed", "http://localhost:3000/hooks"]),
        (404, "handler_lacks_path", ["404", "http://localhost:3000/hooks"]),
        (422, "handler_fails", ["422", "--print-body"]),
        (500, "handler_fails", ["500", "--print-body"]),
    ],
)
def test_what_a_handler_answers_is_explained_once(status: int, code: str, words: list[str]) -> None:
    (notice,) = notices(answered(status), answered(status), delivered())
    assert notice.code == code
    said = f"{notice.message}\n{notice.hint}"
    assert [word for word in words if word not in said] == []
    stream = StringIO()
    JsonRenderer(stream).show(notice)
    assert json.loads(stream.getvalue())["kind"] == "notice"
    assert "4711" not in stream.getvalue()
    assert "sid=1" not in stream.getvalue()
    assert SANDBOX.signing_secret not in stream.getvalue()


def test_each_kind_is_explained_and_what_needs_it_not_is_not() -> None:
    gone = answer(None, error="connection_refused", message="nothing listens there")
    quiet = (delivered(), delivered(handler=None), delivered(handler=gone, response_status=502))
    assert notices(*quiet) == []
    codes = [each.code for each in notices(*map(answered, (500, 401, 307, 403, 502)))]
    assert codes == ["handler_fails", "handler_refuses", "handler_redirects"]


def test_outside_a_sandbox_the_command_that_shows_the_secret_is_told() -> None:
    shown: list[Happening] = []
    told = Told(shown.append, lambda: AT)
    with told.from_now_on(ready()):
        told.tell(answered(401))
    (notice,) = [each for each in shown if isinstance(each, Notice)]
    assert "gooclaim webhook secret --reveal" in notice.hint
