"""A tunnel that is kept: proved, doubted, lost, had again, moved. Against a real child process."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme

from gooclaim_cli.errors import ApiError, TunnelError
from gooclaim_cli.happenings import Level
from gooclaim_cli.serving import serve
from gooclaim_cli.tunnels import OpenTunnel, UrlTunnel
from gooclaim_cli.tunnels.children import Children
from gooclaim_cli.tunnels.cloudflared import CloudflaredTunnel
from gooclaim_cli.tunnels.probe import Probe
from gooclaim_cli.tunnels.supervisor import Supervisor
from gooclaim_cli.tunnels.timing import Timing
from tests.fakes.programs import FakeProgram
from tests.tunnels.conftest import nobody, run, started

PATH = "/gooclaim-cli/secret"
QUICK = Timing(
    tell_after=0.05,
    blocked_after=5.0,
    probe_every=0.02,
    probe_at_most=0.05,
    heartbeat=30.0,
    look=0.02,
    astray_for=0.4,
    reconnects_for=5.0,
    unreached_for=0.4,
    backoff=0.02,
    backoff_at_most=0.1,
)


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


@dataclass
class Watched:
    """A supervised tunnel and what was told of it."""

    opened: OpenTunnel
    supervisor: Supervisor
    told: "asyncio.Queue[tuple[str, str]]"
    moves: list[str] = field(default_factory=list)

    async def next(self, code: str) -> str:
        """The message of the next notice with a code; others are passed over."""
        while True:
            found, message = await self.told.get()
            if found == code:
                return message


@asynccontextmanager
async def watched(
    fake: FakeProgram,
    children: Children,
    *,
    timing: Timing = QUICK,
    network: Callable[[], Awaitable[bool]] = yes,
    asleep: Callable[[], float] = lambda: 0.0,
    probes: bool = True,
    moved: Callable[[str], Awaitable[None]] | None = None,
) -> AsyncIterator[Watched]:
    """Keep a tunnel of the fake program's to an app of ours."""
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def notify(_level: Level, code: str, message: str, _hint: str) -> None:
        told.put_nowait((code, message))

    probe = Probe(PATH)
    os.environ["SSL_CERT_FILE"] = str(fake.ca_file)
    try:
        async with serve(probe.door(nobody)) as port:
            tunnel = CloudflaredTunnel(
                fake.program,
                children,
                target=f"http://127.0.0.1:{port}",
                environment=os.environ | fake.variables,
            )
            supervisor = Supervisor(
                tunnel,
                probe if probes else None,
                notify=notify,
                network=network,
                timing=timing,
                asleep=asleep,
            )
            async with supervisor.running() as opening:
                seen = Watched(await opening(), supervisor, told)

                async def move(origin: str) -> None:
                    if moved is not None:
                        await moved(origin)
                    seen.moves.append(origin)
                    told.put_nowait(("moved", origin))

                supervisor.follow(move)
                yield seen
                await supervisor.unfollow()
    finally:
        del os.environ["SSL_CERT_FILE"]


def test_it_is_ready_only_when_a_probe_has_come_through(
    cloudflared: FakeProgram, children: Children
) -> None:
    """And what is waited for is told."""
    cloudflared.plan({"register_after": 0.2})

    async def test() -> None:
        async with watched(cloudflared, children) as tunnel:
            while "to register its connection" not in await tunnel.next("waiting"):
                pass

    run(test())


@pytest.mark.parametrize("probes", [True, False])
def test_a_program_that_dies_is_started_again_and_the_new_url_followed(
    cloudflared: FakeProgram, children: Children, probes: bool
) -> None:
    async def test() -> None:
        async with watched(cloudflared, children, probes=probes) as tunnel:
            cloudflared.signal(9)
            assert "its program has ended" in await tunnel.next("tunnel_down")
            origin = await tunnel.next("moved")
            assert origin != tunnel.opened.origin
            cloudflared.signal(9)
            assert await tunnel.next("moved") not in (origin, tunnel.opened.origin)
        assert len(cloudflared.runs) == 3

    run(test())


def test_a_start_that_fails_is_tried_again_later_and_later(
    cloudflared: FakeProgram, children: Children
) -> None:
    cloudflared.plan({}, {"fail": "429"}, {"fail": "network"}, {})

    async def test() -> None:
        async with watched(cloudflared, children) as tunnel:
            cloudflared.signal(9)
            await tunnel.next("tunnel_down")
            assert "429" in await tunnel.next("tunnel_down")
            assert "cannot reach Cloudflare" in await tunnel.next("tunnel_down")
            await tunnel.next("moved")

    run(test())


def test_the_backoff_is_bounded() -> None:
    timing = Timing()
    assert [timing.before_start(n) for n in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert timing.before_start(10_000) == 30


@pytest.mark.parametrize("probes", [True, False])
def test_a_connection_that_comes_back_by_itself_needs_no_new_start(
    cloudflared: FakeProgram, children: Children, probes: bool
) -> None:
    async def test() -> None:
        async with watched(cloudflared, children, probes=probes) as tunnel:
            cloudflared.cut()
            await tunnel.next("tunnel_down")
            cloudflared.cut()
            assert tunnel.opened.origin in await tunnel.next("tunnel_up")
            assert not tunnel.moves
        assert len(cloudflared.runs) == 1

    run(test())


def test_a_connection_that_does_not_come_back_is_not_waited_for_for_ever(
    cloudflared: FakeProgram, children: Children
) -> None:
    timing = Timing(**{**_members(QUICK), "reconnects_for": 0.2})

    async def test() -> None:
        async with watched(cloudflared, children, timing=timing) as tunnel:
            cloudflared.cut()
            await tunnel.next("moved")
        assert len(cloudflared.runs) == 2

    run(test())


def test_a_dead_network_is_sat_out(cloudflared: FakeProgram, children: Children) -> None:
    """For however long: the URL stays, the program is not started again."""
    there = True

    async def network() -> bool:
        return there

    async def test() -> None:
        nonlocal there
        short = {"heartbeat": 0.05, "unreached_for": 0.1}
        timing = Timing(**{**_members(QUICK), **short})
        async with watched(cloudflared, children, timing=timing, network=network) as tunnel:
            there = False
            cloudflared.toggle_network()
            while "there is no network" not in await tunnel.next("tunnel_down"):
                pass
            await asyncio.sleep(5 * timing.unreached_for)  # ten minutes, to the usual two
            assert len(cloudflared.runs) == 1
            there = True
            cloudflared.toggle_network()
            assert tunnel.opened.origin in await tunnel.next("tunnel_up")
        assert len(cloudflared.runs) == 1

    run(test())


def test_a_tunnel_that_nothing_reaches_although_there_is_a_network_is_started_again(
    cloudflared: FakeProgram, children: Children
) -> None:
    timing = Timing(**{**_members(QUICK), "heartbeat": 0.05})

    async def test() -> None:
        async with watched(cloudflared, children, timing=timing) as tunnel:
            cloudflared.toggle_network()
            await tunnel.next("moved")

    run(test())


def test_after_a_sleep_it_is_probed_at_once(cloudflared: FakeProgram, children: Children) -> None:
    """And not only at the next heartbeat: here the far end forgot the tunnel meanwhile."""
    slept = 0.0
    cloudflared.plan({"forgets_quietly": True}, {})

    async def test() -> None:
        nonlocal slept
        async with watched(cloudflared, children, asleep=lambda: slept) as tunnel:
            cloudflared.cut()
            slept = 3600.0
            assert "530" in await tunnel.next("tunnel_down")
            await tunnel.next("moved")

    run(test())


def test_a_move_that_fails_is_tried_again(cloudflared: FakeProgram, children: Children) -> None:
    tries: list[str] = []

    async def moved(origin: str) -> None:
        tries.append(origin)
        if len(tries) < 3:
            raise ApiError("the API is away")

    async def test() -> None:
        async with watched(cloudflared, children, moved=moved) as tunnel:
            cloudflared.signal(9)
            assert "the API is away" in await tunnel.next("not_moved")
            assert await tunnel.next("moved") == tries[-1]
        assert len(set(tries)) == 1
        assert len(tries) == 3

    run(test())


def test_what_is_told_once_more_is_not_told_again(
    cloudflared: FakeProgram, children: Children
) -> None:
    async def test() -> None:
        async with watched(cloudflared, children) as tunnel:
            cloudflared.cut()
            await tunnel.next("tunnel_down")
            await asyncio.sleep(0.3)
            assert tunnel.told.empty()

    run(test())


def _members(timing: Timing) -> dict[str, Any]:
    return {name: getattr(timing, name) for name in timing.__dataclass_fields__}


def test_a_url_of_the_users_own_is_waited_for() -> None:
    """There is no program to start anew: what is wrong is told once, and when it is right again."""
    told: list[tuple[str, str]] = []
    authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    timing = Timing(**{**_members(QUICK), "heartbeat": 0.05, "astray_for": 0.1})
    leads_here = True

    async def test() -> None:
        nonlocal leads_here
        probe = Probe(PATH, trust=lambda: trusting)
        door = probe.door(nobody)

        async def ingress(scope: Any, receive: Any, send: Any) -> None:
            await (door if leads_here else nobody)(scope, receive, send)

        def notify(_level: Level, code: str, message: str, _hint: str) -> None:
            told.append((code, message))
            if code == "tunnel_up":
                up.set()

        up = asyncio.Event()
        async with serve(ingress, tls=tls) as port:
            url = UrlTunnel(f"https://localhost:{port}")
            supervisor = Supervisor(url, probe, notify=notify, network=yes, timing=timing)
            async with supervisor.running() as opening:
                await opening()
                leads_here = False
                await asyncio.sleep(0.5)
                leads_here = True
                await up.wait()

    run(test())
    assert [code for code, _ in told if code != "waiting"] == ["tunnel_down", "tunnel_up"]


# The first proof, where it does not come.


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    """A public URL that leads to somebody else."""
    authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    async with serve(nobody, tls=tls) as port:
        yield f"https://localhost:{port}"


BLOCKED = Timing(**{**_members(QUICK), "blocked_after": 0.7})


def supervisor_of(url: str, ask: Any = None, told: list[str] | None = None) -> Supervisor:
    return Supervisor(
        UrlTunnel(url),
        Probe(PATH),
        notify=lambda _level, code, _message, _hint: (told or []).append(code),
        network=no,
        ask=ask,
        timing=BLOCKED,
    )


def test_where_nobody_can_be_asked_a_blocked_probe_is_an_error() -> None:
    async def test() -> None:
        async with elsewhere() as url, supervisor_of(url).running() as opening:
            await opening()
            pytest.fail("it was opened")

    with pytest.raises(TunnelError, match=r"within 0\.7 s: its certificate is not") as refused:
        run(test())
    assert "--no-probe" in refused.value.hint


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked_where_there_is_one(answer: bool) -> None:
    asked: list[str] = []
    told: list[str] = ["waiting"]

    async def ask(question: str) -> bool:
        asked.append(question)
        return answer

    async def test() -> None:
        async with elsewhere() as url, supervisor_of(url, ask, told).running() as opening:
            assert (await opening()).origin == url

    if answer:
        run(test())
    else:
        with pytest.raises(TunnelError, match="no probe has come back"):
            run(test())
    assert len(asked) == 1
    assert "probe_blocked" in told


def test_a_probe_that_arrives_while_a_person_is_asked_settles_it() -> None:
    async def ask(_question: str) -> bool:
        arrives.set()
        await asyncio.Event().wait()
        return False

    arrives = asyncio.Event()

    async def test() -> None:
        authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(tls)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        probe = Probe(PATH, trust=lambda: trusting)
        door = probe.door(nobody)

        async def late(scope: Any, receive: Any, send: Any) -> None:
            await (door if arrives.is_set() else nobody)(scope, receive, send)

        async with serve(late, tls=tls) as port:
            supervisor = Supervisor(
                UrlTunnel(f"https://localhost:{port}"),
                probe,
                notify=lambda *_: None,
                network=yes,
                ask=ask,
                timing=BLOCKED,
            )
            async with supervisor.running() as opening:
                await opening()

    run(test())


def test_a_session_that_ends_while_the_tunnel_is_waited_for_leaves_nothing(
    cloudflared: FakeProgram, children: Children
) -> None:
    cloudflared.plan({"register_after": 30})

    async def test() -> None:
        async def opening() -> None:
            async with watched(cloudflared, children):
                pytest.fail("it was opened")

        task = asyncio.create_task(opening())
        await started(cloudflared)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test())


def test_a_refused_port_is_no_network() -> None:
    from gooclaim_cli.public_end import is_reachable

    async def test() -> None:
        async with serve(nobody) as port:
            assert await is_reachable(f"http://127.0.0.1:{port}/x")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            assert not await is_reachable(f"http://127.0.0.1:{taken.getsockname()[1]}")

    run(test())
