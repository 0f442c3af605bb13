"""On the way to the API: certificates, proxies, and waits that the API asks for."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.tenant.api import TenantApi
from gooclaim_cli.tenant.environment import DEFAULT_API_URL, DEVELOPMENT_HOST
from gooclaim_cli.tenant.http import ApiProblem, open_client
from gooclaim_cli.tenant.reaching import in_words, retry_after

from .proxies import inspecting_proxy
from .support import NOW, Answer, granting, listening, relaying, scripted

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *map(str.lower, PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, Path]:
    """An authority of the company's own, and the file that names it."""
    made, file = trustme.CA(), tmp_path / "authority.pem"
    made.cert_pem.write_to_path(file)
    return made, file


async def ask(url: str = DEFAULT_API_URL) -> None:
    async with open_client(url) as client:
        api = TenantApi(client, client_id="c", client_secret="s", tenant_id="tnt_x", backoff=0.0)
        assert await api.get_webhook() is None


def test_a_proxy_that_inspects_tls_works_where_the_machine_trusts_it(
    authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the way to the real host, which nothing is sent to: the proxy answers in its place."""
    made, file = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    async def scenario() -> None:
        async with (
            relaying(before=granting(scripted(Answer(404)))) as relay,
            inspecting_proxy(made, relay) as (url, asked),
        ):
            monkeypatch.setenv("HTTPS_PROXY", url)
            await ask()
            assert set(asked) == {f"{DEVELOPMENT_HOST}:443"}
            assert [each.method for each in relay.seen] == ["POST", "GET"]

    asyncio.run(scenario())


def test_a_certificate_that_is_not_trusted_is_told_at_once(
    authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with (
            relaying(before=granting(scripted(Answer(404)))) as relay,
            inspecting_proxy(authority[0], relay) as (url, asked),
        ):
            monkeypatch.setenv("HTTPS_PROXY", url)
            with pytest.raises(ApiProblem, match="that this machine does not trust") as refused:
                await ask()
            assert "SSL_CERT_FILE" in refused.value.hint
            assert not refused.value.passing
            assert len(asked) == 1  # it will not be trusted a second later
            assert relay.seen == []

    asyncio.run(scenario())


def test_a_proxy_is_named_where_nothing_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async def scenario() -> None:
        async with listening(refuse) as url:
            monkeypatch.setenv("HTTPS_PROXY", url)
            with pytest.raises(ApiProblem, match="by the proxy: 407") as refused:
                await ask()
        assert "HTTPS_PROXY" in refused.value.hint

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        ("HTTPS_PROXY", "gopher://user:hunter2@127.0.0.1:1", "http://HOST:PORT"),
        ("ALL_PROXY", "socks5://user:hunter2@127.0.0.1:1", "httpx[socks]"),
        ("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:99999x", "http://HOST:PORT"),
    ],
)
def test_a_proxy_that_cannot_be_meant_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, words: str
) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(ConfigurationError, match=name) as refused:
        open_client(DEFAULT_API_URL)
    assert words in refused.value.hint
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"


def test_authorities_that_cannot_be_read_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        (tmp_path / "empty.pem").touch()
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with pytest.raises(ConfigurationError, match="no certificates could be read") as refused:
            open_client(DEFAULT_API_URL)
        assert "SSL_CERT_FILE" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "date", "expected"),
    [
        ("0", "", 0.0),
        ("1.5", "", 1.5),
        ("120", "", 120.0),
        ("-1", "", None),
        ("nan", "", None),
        ("inf", "", None),
        ("soon", "", None),
        ("", "", None),
        ("Wed, 20 May 2026 10:14:55 GMT", "Wed, 20 May 2026 10:14:25 GMT", 30.0),
        ("Wed, 20 May 2026 10:14:00 GMT", "Wed, 20 May 2026 10:14:25 GMT", 0.0),
        ("Wed, 20 May 2026 10:14:45 GMT", "", 20.0),
        ("Wed, 20 May 2026 10:14:45 GMT", "yesterday", 20.0),
        ("Wed, 99 May 2026 10:14:45 GMT", "", None),
    ],
)
def test_how_long_to_wait_is_a_number_or_a_time(
    text: str, date: str, expected: float | None
) -> None:
    headers = {"retry-after": text, "date": date}
    assert retry_after(headers, now=NOW) == expected


def test_a_wait_that_nobody_would_sit_through_is_told_instead() -> None:
    async def scenario() -> None:
        busy = Answer(429, headers=(("Retry-After", "3600"),))
        async with relaying(before=granting(scripted(busy))) as relay:
            with pytest.raises(ApiProblem, match="429") as refused:
                await ask(relay.url)
            assert "wait 3600 s" in refused.value.hint
            assert len(relay.calls("GET")) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("bottom", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no address is known for this name"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call"), "nothing listens there"),
        (OSError(errno.EHOSTUNREACH, "Connect call failed"), "No route to host"),
        (ssl.SSLError(1, "[SSL] (_ssl.c:1)"), "no TLS connection: it does not speak it"),
        (TimeoutError(), "no answer in time"),
        (ValueError("odd"), "odd"),
    ],
)
def test_why_nothing_was_reached_is_said_in_words(bottom: Exception, said: str) -> None:
    """Also where the library that was called has its own words for it on top."""
    top = httpx.ConnectError("[Errno -2] in its own words")
    top.__cause__ = bottom
    assert in_words(bottom) == said
    if isinstance(bottom, OSError) and not isinstance(bottom, TimeoutError):
        assert in_words(top) == said
