"""gooclaim_cli.sending: how an endpoint is reached: addresses, proxies, TLS."""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.sending import Outcome, Outgoing, Sender, SendFailure, client_tls
from gooclaim_cli.sending.address import parse_address
from gooclaim_cli.sending.connecting import proxy_for

from .servers import OK, RawServer, answering, closing_after, free_port, raw_server

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def has_ipv6() -> bool:
    """Whether one can listen on ::1."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def post(url: str, *, tls: ssl.SSLContext | None = None) -> Outcome:
    async with Sender(tls=tls) as sender:
        return await sender.send(Outgoing(url, (), b"{}"), within=10)


@pytest.fixture
def both_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make localhost ::1 and 127.0.0.1, in this order, as most machines have it."""

    def look_up(_host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
        ipv6 = (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("::1", port, 0, 0))
        ipv4 = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
        return [ipv6, ipv4]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@needs_ipv6
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_localhost_is_either_address(host: str, request: pytest.FixtureRequest) -> None:
    """A handler that listens on one of the two is found, and Host says what was asked for."""

    async def scenario() -> None:
        async with raw_server(answering(), host=host) as server:
            request.getfixturevalue("both_addresses")
            assert (await post(server.url(host="localhost"))).succeeded
            assert b"\r\nHost: localhost:%d\r\n" % server.port in await server.next()

    asyncio.run(scenario())


def test_localhost_as_this_machine_has_it() -> None:
    async def scenario() -> None:
        async with raw_server(answering()) as server:
            assert (await post(server.url(host="localhost"))).succeeded

    asyncio.run(scenario())


@needs_ipv6
def test_an_ipv6_literal_in_the_host_header() -> None:
    async def scenario() -> None:
        async with raw_server(answering(), host="::1") as server:
            assert (await post(server.url())).succeeded
            assert b"\r\nHost: [::1]:%d\r\n" % server.port in await server.next()

    asyncio.run(scenario())


def test_a_name_that_does_not_exist() -> None:
    outcome = asyncio.run(post("http://handler.invalid/"))
    assert outcome.failure is SendFailure.NAME_NOT_FOUND
    assert "handler.invalid" in outcome.message


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_for_this_machine(monkeypatch: pytest.MonkeyPatch, name: str, host: str) -> None:
    """A proxy that is not there does not matter to a handler on loopback."""
    monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    async def scenario() -> None:
        async with raw_server(answering()) as server:
            assert (await post(server.url(host=host))).succeeded

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("url", "by_proxy"),
    [
        ("http://192.168.1.5:3000/hooks", False),
        ("http://10.0.0.7/", False),
        ("http://[fd00::1]:3000/", False),
        ("http://laptop.local:3000/", False),
        ("http://host.docker.internal:3000/", False),
        ("http://web:3000/", False),  # a container
        ("http://8.8.8.8/", True),
        ("http://[2001:db8::1]/", True),
        ("http://cms.example.test/", True),
        ("http://other.example.test/", False),  # by NO_PROXY
    ],
)
def test_no_proxy_for_what_is_near(
    monkeypatch: pytest.MonkeyPatch, url: str, *, by_proxy: bool
) -> None:
    """Private addresses, and names that a proxy cannot know."""
    monkeypatch.setenv("http_proxy", "http://proxy.example.test:8080")
    monkeypatch.setenv("no_proxy", "other.example.test")
    assert (proxy_for(parse_address(url)) is not None) is by_proxy


def test_an_address_that_is_near_is_reached_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.0.0.0 is the one that leads to this machine without being loopback."""

    async def scenario() -> None:
        async with raw_server(answering()) as server:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
            assert (await post(server.url(host="0.0.0.0"))).succeeded

    asyncio.run(scenario())


async def through_proxy(proxy: RawServer, monkeypatch: pytest.MonkeyPatch, url: str) -> Outcome:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    return await post(url)


def test_other_hosts_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy resolves the name: it need not exist here."""

    async def scenario() -> None:
        async with raw_server(answering()) as proxy:
            url = "http://handler.example.test/a%20b?c=%41"
            assert (await through_proxy(proxy, monkeypatch, url)).succeeded
            request = await proxy.next()
            assert request.startswith(b"POST http://handler.example.test/a%20b?c=%41 HTTP/1.1\r\n")
            assert b"\r\nHost: handler.example.test\r\n" in request

    asyncio.run(scenario())


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with raw_server(answering()) as proxy:
            monkeypatch.setenv("no_proxy", ".invalid")
            outcome = await through_proxy(proxy, monkeypatch, "http://handler.invalid/")
            assert outcome.failure is SendFailure.NAME_NOT_FOUND
            assert proxy.requests.empty()

    asyncio.run(scenario())


def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the proxy that is named, not the endpoint."""

    async def scenario() -> None:
        answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        async with raw_server(closing_after(answer)) as proxy:
            outcome = await through_proxy(proxy, monkeypatch, "https://handler.example.test/")
            assert (outcome.status, outcome.failure) == (None, SendFailure.CONNECTION_FAILED)
            assert outcome.message == "the proxy for handler.example.test:443 answered 403"
            assert (await proxy.next()).startswith(b"CONNECT handler.example.test:443 ")

    asyncio.run(scenario())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{free_port()}")
    outcome = asyncio.run(post(f"{scheme}://handler.example.test/"))
    assert outcome.failure is SendFailure.CONNECTION_FAILED
    assert outcome.message.startswith("no connection to the proxy for handler.example.test")


@pytest.mark.parametrize("proxy", ["http://[bad", "http://127.0.0.1:x"])
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    outcome = asyncio.run(post("http://handler.example.test/"))
    assert outcome.failure is SendFailure.REQUEST_INVALID


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def cacert(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def certified(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.mark.parametrize("name", ["handler.example.test", "elsewhere.example.test"])
def test_tls_through_a_proxy(
    authority: trustme.CA, cacert: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The proxy passes bytes on; TLS is spoken with the endpoint, whose name is checked."""

    async def scenario() -> None:
        server_tls = certified(authority, "handler.example.test")
        async with raw_server(answering(), tls=server_tls) as endpoint:

            async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                onward = await asyncio.open_connection("127.0.0.1", endpoint.port)
                await asyncio.gather(copy(reader, onward[1]), copy(onward[0], writer))

            async with raw_server(pass_on) as proxy:
                monkeypatch.setenv("https_proxy", f"http://me:hunter2@127.0.0.1:{proxy.port}")
                async with Sender(tls=client_tls(cacert=cacert)) as sender:
                    outgoing = Outgoing(f"https://{name}/hooks", (), b"{}")
                    outcomes = [await sender.send(outgoing, within=10) for _ in range(2)]
                asked = await proxy.next()
                assert asked.startswith(b"CONNECT %b:443 HTTP/1.1\r\n" % name.encode())
                assert b"Proxy-Authorization: Basic bWU6aHVudGVyMg==\r\n" in asked
                if name.startswith("handler"):
                    assert [outcome.status for outcome in outcomes] == [200, 200]
                    assert b"hunter2" not in await endpoint.next()
                    assert len(endpoint.connections) == 1
                else:
                    assert outcomes[0].failure is SendFailure.TLS_FAILED
                    assert "hunter2" not in outcomes[0].message

    asyncio.run(scenario())


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while part := await reader.read(65_536):
            writer.write(part)
    writer.close()


def over_tls(server_tls: ssl.SSLContext, client: ssl.SSLContext | None) -> Outcome:
    async def scenario() -> Outcome:
        async with raw_server(answering(OK), tls=server_tls) as server:
            return await post(server.url(), tls=client)

    return asyncio.run(scenario())


def test_an_untrusted_certificate(authority: trustme.CA) -> None:
    """Verification is on where nothing was said about it."""
    outcome = over_tls(certified(authority, "127.0.0.1"), client_tls())
    assert (outcome.status, outcome.failure) == (None, SendFailure.TLS_FAILED)
    assert outcome.message.startswith("the certificate of 127.0.0.1:")


def test_a_certificate_for_another_name(authority: trustme.CA, cacert: Path) -> None:
    outcome = over_tls(certified(authority, "handler.test"), client_tls(cacert=cacert))
    assert outcome.failure is SendFailure.TLS_FAILED
    assert "127.0.0.1" in outcome.message


def test_a_certificate_trusted_by_a_file(authority: trustme.CA, cacert: Path) -> None:
    assert over_tls(certified(authority, "127.0.0.1"), client_tls(cacert=cacert)).succeeded


def test_verification_switched_off(authority: trustme.CA) -> None:
    assert over_tls(certified(authority, "handler.test"), client_tls(verify=False)).succeeded


def test_an_endpoint_that_does_not_speak_tls() -> None:
    async def say_no(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scenario() -> Outcome:
        server = await asyncio.start_server(say_no, "127.0.0.1", 0)
        async with server:
            return await post(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    outcome = asyncio.run(scenario())
    assert outcome.failure is SendFailure.TLS_FAILED
    assert outcome.message.startswith("no TLS connection with 127.0.0.1:")


def test_plain_http_to_an_endpoint_that_speaks_tls(authority: trustme.CA) -> None:
    async def scenario() -> Outcome:
        async with raw_server(answering(), tls=certified(authority, "127.0.0.1")) as server:
            return await post(server.url().replace("https:", "http:"))

    outcome = asyncio.run(scenario())
    assert outcome.failure in (SendFailure.CONNECTION_RESET, SendFailure.ANSWER_MALFORMED)


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff\x00"])
def test_a_file_without_certificates(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty and garbage files are told with their name and the option."""
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        client_tls(cacert=path)
    assert str(path) in raised.value.message
    assert "--cacert" in raised.value.hint


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        client_tls(cacert=tmp_path)
