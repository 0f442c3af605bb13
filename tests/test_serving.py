"""gooclaim_cli.serving: a server inside this event loop that leaves everything else alone."""

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import trustme

from gooclaim_cli.errors import ConfigurationError, ExitCode
from gooclaim_cli.serving import bind, serve

PATIENCE = 10.0


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(30):
            await scenario()

    asyncio.run(main())


async def ok(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def get(port: int, host: str = "127.0.0.1", **options: Any) -> httpx.Response:
    scheme = "https" if "verify" in options else "http"
    async with httpx.AsyncClient(trust_env=False, **options) as http:
        return await http.get(f"{scheme}://{host}:{port}/")


def test_the_port_is_known_at_once() -> None:
    """A request right after entering is answered, on the port that the system picked."""

    async def scenario() -> None:
        async with serve(ok) as port:
            response = await get(port)
            assert (response.status_code, response.content) == (200, b"ok")
            assert "server" not in response.headers
        with pytest.raises(httpx.ConnectError):
            await get(port)

    run(scenario)


def test_a_burst_of_connections_waits_in_line() -> None:
    """Even before the first is accepted: a connection that is left out tries again in a second."""

    async def scenario() -> None:
        async with serve(ok) as port:
            waiting = []
            try:
                for _ in range(300):  # blocks the event loop: nothing is accepted meanwhile
                    waiting.append(socket.create_connection(("127.0.0.1", port), timeout=0.5))
            finally:
                for each in waiting:
                    each.close()

    run(scenario)


def test_a_port_of_ones_own() -> None:
    """It can be had again right after it was left."""

    async def scenario() -> None:
        async with serve(ok) as port:
            pass
        for _ in range(2):
            async with serve(ok, port=port) as again:
                assert again == port
                assert (await get(port)).status_code == 200

    run(scenario)


def test_several_servers_beside_each_other() -> None:
    async def scenario() -> None:
        async with serve(ok) as one, serve(ok) as two:
            assert one != two
            assert (await get(one)).status_code == (await get(two)).status_code == 200

    run(scenario)


def both_ends() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for a server, and for a client that trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


def test_over_tls() -> None:
    server, client = both_ends()

    async def scenario() -> None:
        async with serve(ok, tls=server) as port:
            assert (await get(port, verify=client)).status_code == 200
            with pytest.raises(httpx.ConnectError):
                await get(port, verify=ssl.create_default_context())

    run(scenario)


async def first_byte(connection: socket.socket, tls: ssl.SSLContext) -> bytes:
    """Of the answer over TLS on a connection that is open; nothing where it is cut."""
    try:
        reader, writer = await asyncio.open_connection(
            sock=connection, ssl=tls, server_hostname="127.0.0.1"
        )
    except ConnectionError:
        return b""
    with contextlib.closing(writer.transport), contextlib.suppress(ConnectionError):
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return await reader.read(1)
    return b""


def test_a_handshake_that_ends_after_the_server_has_left() -> None:
    """The connection is cut, and nothing is asked of the app any more."""
    server, client = both_ends()

    async def scenario() -> None:
        async with serve(ok, tls=server) as port:
            early = socket.create_connection(("127.0.0.1", port))
            await get(port, verify=client)  # which was accepted later
        assert await first_byte(early, client) == b""

    run(scenario)


def test_a_port_that_is_taken() -> None:
    """It is told with its number and what to do, as a matter of configuration."""

    async def scenario() -> None:
        async with serve(ok) as port:
            with pytest.raises(ConfigurationError) as raised:
                async with serve(ok, port=port):
                    pytest.fail("two servers on one port")
            assert f"cannot listen on 127.0.0.1:{port}" in raised.value.message
            assert "--port" in raised.value.hint
            assert raised.value.exit_code is ExitCode.CONFIGURATION
            assert (await get(port)).status_code == 200

    run(scenario)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1", 70_000),
        ("127.0.0.1", -1),
        ("192.0.2.1", 0),
        ("no such host", 0),
        ("a..b", 0),
        ("a" * 70 + ".test", 0),
        ("\udc80", 0),
    ],
)
def test_addresses_that_cannot_be_had(host: str, port: int) -> None:
    with pytest.raises(ConfigurationError, match="cannot listen on"):
        bind(host, port).close()


def test_an_answer_in_two_parts_does_not_wait() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_leaving_is_prompt() -> None:
    """Idle connections do not hold it up."""

    async def scenario() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            async with serve(ok) as port:
                await http.get(f"http://127.0.0.1:{port}/")
                begun = time.perf_counter()
            assert time.perf_counter() - begun < 0.8

    run(scenario)


def test_leaving_lets_a_request_end() -> None:
    """One that is under way is answered within the grace."""

    async def scenario() -> None:
        there, go = asyncio.Event(), asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            there.set()
            await go.wait()
            await ok(scope, receive, send)

        async with serve(slow, grace=5) as port:
            asking = asyncio.create_task(get(port))
            await there.wait()
            asyncio.get_running_loop().call_soon(go.set)
        assert (await asking).content == b"ok"

    run(scenario)


def test_leaving_does_not_wait_for_ever() -> None:
    """What hangs beyond the grace is cancelled."""

    async def scenario() -> None:
        there, cancelled = asyncio.Event(), asyncio.Event()

        async def hang(_scope: Any, _receive: Any, _send: Any) -> None:
            there.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async with serve(hang, grace=0.1) as port:
            asking = asyncio.create_task(get(port))
            await there.wait()
            begun = time.perf_counter()
        assert time.perf_counter() - begun < 5
        async with asyncio.timeout(PATIENCE):
            await cancelled.wait()
        with pytest.raises(httpx.HTTPError):
            (await asking).raise_for_status()

    run(scenario)


def test_an_error_inside_ends_the_server() -> None:
    """The context passes it on and frees the port."""

    async def scenario() -> None:
        port = 0
        with pytest.raises(ValueError, match="mine"):
            async with serve(ok) as port:
                raise ValueError("mine")
        bind("127.0.0.1", port).close()

    run(scenario)


def test_signal_handlers_are_left_alone() -> None:
    """Before, during and after: signals belong to the session."""

    def mine(*_: object) -> None: ...

    watched = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, mine) for each in watched]

    async def scenario() -> None:
        async with serve(ok) as port:
            assert [signal.getsignal(each) for each in watched] == [mine, mine]
            await get(port)
        assert [signal.getsignal(each) for each in watched] == [mine, mine]

    try:
        # Not asyncio.run, which sets a handler for SIGINT itself.
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            loop.run_until_complete(scenario())
    finally:
        for each, handler in zip(watched, before, strict=True):
            signal.signal(each, handler)


def test_an_apps_exception_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """The client gets a 500, the terminal stays clean, and the server goes on."""

    async def faulty(_scope: Any, _receive: Any, _send: Any) -> None:
        raise ValueError("a secret of the app's")

    async def scenario() -> None:
        async with serve(faulty) as port:
            for _ in range(2):
                response = await get(port)
                assert response.status_code == 500
                assert b"secret" not in response.content

    run(scenario)
    assert capfd.readouterr() == ("", "")


def test_logging_is_not_configured() -> None:
    """The root logger keeps its handlers and its level."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers))

    async def scenario() -> None:
        async with serve(ok) as port:
            await get(port)

    run(scenario)
    assert (root.level, list(root.handlers)) == before
