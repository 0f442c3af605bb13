"""The probe: it tells our own receiver from everything else that may answer at a URL."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trustme

from gooclaim_cli.serving import AsgiApp, serve
from gooclaim_cli.tunnels.probe import Outcome, Probe, Way, explain
from tests.tunnels.conftest import nobody, run

PATH = "/gooclaim-cli/secret"


@asynccontextmanager
async def secured(app: AsgiApp) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """An app at an https address, and what trusts it."""
    authority = trustme.CA()
    mine, theirs = (
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
        ssl.create_default_context(),
    )
    authority.issue_cert("localhost").configure_cert(mine)
    authority.configure_trust(theirs)
    async with serve(app, tls=mine) as port:
        yield f"https://localhost:{port}", theirs


def test_a_probe_arrives_at_its_own_door() -> None:
    async def test() -> None:
        probe = Probe(PATH)
        async with secured(probe.door(nobody)) as (origin, tls):
            assert await probe.send(origin, tls) == Outcome(Way.ARRIVED)

    run(test())


def test_a_door_keeps_the_direct_entrance_of_its_app() -> None:
    """What it takes is not the probe's, which has a path of its own."""

    class App:
        def __init__(self) -> None:
            self.direct = object()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await nobody(scope, receive, send)

    app = App()
    assert getattr(Probe(PATH).door(app), "direct", None) is app.direct
    assert getattr(Probe(PATH).door(nobody), "direct", None) is None


def test_another_sessions_door_is_not_ours() -> None:
    """Somebody else's gooclaim at that URL must not pass for us."""

    async def test() -> None:
        async with secured(Probe(PATH).door(nobody)) as (origin, tls):
            outcome = await Probe(PATH).send(origin, tls)
        assert outcome.way is Way.ASTRAY
        assert "answered 404" in outcome.seen

    run(test())


def test_a_server_that_says_yes_to_everything_is_not_ours() -> None:
    async def yes(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"server", b"captive"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    async def test() -> None:
        async with secured(yes) as (origin, tls):
            assert await Probe(PATH).send(origin, tls) == Outcome(
                Way.ASTRAY, "captive answered 200"
            )

    run(test())


def test_that_it_arrives_is_enough() -> None:
    """An answer that is lost on the way back does not matter: the proof is the arrival."""

    async def test() -> None:
        probe = Probe(PATH)
        door = probe.door(nobody)

        async def deaf(scope: Any, receive: Any, send: Any) -> None:
            async def lost(message: Any) -> None:
                await asyncio.Event().wait()

            await door(scope, receive, lost)

        async with secured(deaf) as (origin, tls):
            assert (await probe.send(origin, tls)).way is Way.ARRIVED

    run(test())


def test_nobody_else_can_use_the_door() -> None:
    """What is not signed by us, or is sent again, goes on to the app as any other request."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"]).get(b"gooclaim-cli-probe", b"").decode("latin-1"))
        await nobody(scope, receive, send)

    async def test() -> None:
        probe = Probe(PATH)
        kept: list[str] = []

        async def tap(scope: Any, receive: Any, send: Any) -> None:
            kept.append(dict(scope["headers"]).get(b"gooclaim-cli-probe", b"").decode("latin-1"))
            await probe.door(app)(scope, receive, send)

        async with secured(tap) as (origin, tls):
            assert (await probe.send(origin, tls)).way is Way.ARRIVED
            (good,) = kept
            async with httpx.AsyncClient(verify=tls, base_url=origin) as client:
                for forged in (good, "", "x", "x.y", f"{good.partition('.')[0]}.{'0' * 64}", "é."):
                    headers = {b"gooclaim-cli-probe": forged.encode("latin-1")}
                    answer = await client.post(f"{PATH}/probe", headers=headers)
                    assert answer.status_code == 404
                assert (await client.post(f"{PATH}/other")).status_code == 404
        assert len(seen) == 7

    run(test())


def test_a_port_where_nobody_is() -> None:
    async def test() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            outcome = await Probe(PATH).send(f"https://localhost:{taken.getsockname()[1]}")
        assert outcome.way is Way.NO_CONNECTION

    run(test())


def test_a_server_that_does_not_answer() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(1)

    async def test() -> None:
        async with secured(silent) as (origin, tls):
            outcome = await Probe(PATH).send(origin, tls, within=0.1)
        assert outcome == Outcome(Way.NO_CONNECTION, "no answer within 0.1 s")

    run(test())


def test_a_certificate_that_is_not_the_hosts() -> None:
    """A proxy that breaks TLS open on this side."""

    async def test() -> None:
        async with secured(nobody) as (origin, _tls):
            outcome = await Probe(PATH).send(origin)
        assert outcome.way is Way.BLOCKED
        assert "not trusted" in outcome.seen

    run(test())


def caused(cause: BaseException) -> httpx.ConnectError:
    error = httpx.ConnectError("failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "way"),
    [
        (caused(socket.gaierror(socket.EAI_NONAME, "no such name")), Way.NO_NAME),
        (caused(socket.gaierror(socket.EAI_AGAIN, "try again")), Way.NO_CONNECTION),
        (caused(ConnectionRefusedError()), Way.NO_CONNECTION),
        (httpx.ProxyError("403 Forbidden"), Way.BLOCKED),
        (httpx.ReadTimeout(""), Way.NO_CONNECTION),
    ],
)
def test_what_went_wrong_is_told_apart(error: httpx.HTTPError, way: Way) -> None:
    outcome = explain(error)
    assert outcome.way is way
    assert outcome.seen
