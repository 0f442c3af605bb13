"""gooclaim_cli.sending: no exception of the system's gets out, whatever comes."""

import builtins
import ssl
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gooclaim_cli.sending import SendFailure
from gooclaim_cli.sending.address import authority_in, parse_address
from gooclaim_cli.sending.connection import MalformedError, TruncatedError
from gooclaim_cli.sending.sender import translate

WHERE = "handler.example.test:443"


def kinds(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize(
    "kind",
    sorted(
        {kind for kind in kinds(OSError) if kind.__module__ in ("builtins", "socket", "ssl")},
        key=str,
    ),
)
def test_every_error_of_the_system_has_a_counterpart(kind: type[Exception]) -> None:
    code, message = translate(kind(5, "what happened"), WHERE)
    assert code in SendFailure
    assert WHERE in message


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MalformedError(), SendFailure.ANSWER_MALFORMED),
        (TruncatedError(), SendFailure.ANSWER_TRUNCATED),
        (builtins.ConnectionResetError(), SendFailure.CONNECTION_RESET),
        (ssl.SSLError("bad record mac"), SendFailure.CONNECTION_RESET),
        (ValueError("no header"), SendFailure.REQUEST_INVALID),
        (UnicodeEncodeError("ascii", "é", 0, 1, "no"), SendFailure.REQUEST_INVALID),
    ],
)
def test_each_kind_has_its_code(error: Exception, code: SendFailure) -> None:
    assert translate(error, WHERE)[0] is code


@given(st.one_of(st.text(), st.from_regex(r"https?://[^/]*/.*"), st.text("h[]:/@%?#.1a\udc80")))
def test_any_text_is_an_address_or_a_value_error(url: str) -> None:
    """What leaves as a request line is ASCII without spaces or controls."""
    authority_in(url)
    try:
        address = parse_address(url)
    except ValueError:
        return
    assert address.target.startswith("/")
    assert address.target.isascii()
    assert not set(address.target + address.named) & set(" \r\n\t\0")
