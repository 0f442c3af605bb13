"""cloudflared as a tunnel: what it is started with, when it is ready, what goes wrong."""

import asyncio
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from gooclaim_cli.errors import TunnelError
from gooclaim_cli.serving import serve
from gooclaim_cli.tunnels.base import News
from gooclaim_cli.tunnels.children import Children
from gooclaim_cli.tunnels.cloudflared import CloudflaredTunnel, NamedTunnel
from gooclaim_cli.tunnels.probe import Probe, Way
from tests.fakes.programs import FakeProgram
from tests.tunnels.conftest import ignore, nobody, run, started


def tunnel_of(fake: FakeProgram, children: Children, **options: Any) -> CloudflaredTunnel:
    environment = os.environ | fake.variables | options.pop("variables", {})
    given = {"target": "http://127.0.0.1:1", "environment": environment, **options}
    return CloudflaredTunnel(options.pop("program", fake.program), children, **given)


async def news_of(queue: "asyncio.Queue[News]", wanted: News) -> None:
    while await queue.get() is not wanted:
        pass


def test_a_quick_tunnel_needs_nothing(cloudflared: FakeProgram, children: Children) -> None:
    """The URL is the metrics endpoint's; what is waited for is told, in order."""
    waited: list[str] = []

    async def test() -> None:
        async with tunnel_of(cloudflared, children).open(waited.append) as opened:
            assert opened.origin.startswith("https://localhost:")
            (seen,) = cloudflared.runs
            assert os.getpgid(seen["pid"]) == seen["pid"] != os.getpgid(0)

    run(test())
    assert [words.split()[:3] for words in waited] == [
        ["cloudflared", "to", "ask"],
        ["cloudflared", "to", "register"],
    ]


def test_what_is_the_users_stays_out_of_it(cloudflared: FakeProgram, children: Children) -> None:
    """Neither ~/.cloudflared/config.yml nor TUNNEL_* of another tunnel; no update; JSON log."""
    variables = {"TUNNEL_URL": "http://elsewhere", "TUNNEL_TOKEN": "another", "HOME": "/nowhere"}
    variables |= {"GOOCLAIM_CLIENT_SECRET": "obviously_fake"}

    async def test() -> None:
        async with tunnel_of(cloudflared, children, variables=variables).open(ignore):
            pass

    run(test())
    (seen,) = cloudflared.runs
    arguments, environment = seen["arguments"], seen["environment"]
    assert "--no-autoupdate" in arguments
    assert arguments[arguments.index("--metrics") + 1] == "127.0.0.1:0"
    assert "cloudflared-" in arguments[arguments.index("--config") + 1]
    assert {k: v for k, v in environment.items() if k.startswith("TUNNEL_")} == {
        "TUNNEL_LOG_OUTPUT": "json"
    }
    assert environment["HOME"] == "/nowhere"
    assert not [name for name in environment if name.startswith("GOOCLAIM_")]


def test_the_users_own_rules_do_not_swallow_what_comes(
    cloudflared: FakeProgram,
    children: Children,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tunnel of the user's own, with the rule that every such configuration ends with."""
    config = tmp_path / ".cloudflared" / "config.yml"
    config.parent.mkdir()
    config.write_text("tunnel: theirs\ningress:\n  - service: http_status:404\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(cloudflared.ca_file))

    async def test() -> None:
        probe = Probe("/x")
        async with serve(probe.door(nobody)) as port:
            tunnel = tunnel_of(
                cloudflared,
                children,
                target=f"http://127.0.0.1:{port}",
                variables={"HOME": str(tmp_path)},
            )
            async with tunnel.open(ignore) as opened:
                assert (await probe.send(opened.origin)).way is Way.ARRIVED

    run(test())


def test_it_is_ready_only_once_it_is_registered(
    cloudflared: FakeProgram, children: Children
) -> None:
    """The URL is printed before: DNS that is asked then says that there is no such name."""
    cloudflared.plan({"register_after": 0.3})

    async def test() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with tunnel_of(cloudflared, children).open(ignore):
            assert loop.time() - began >= 0.3

    run(test())


def test_a_version_that_knows_no_json_is_understood(
    cloudflared: FakeProgram, children: Children
) -> None:
    cloudflared.plan({"plain": True})

    async def test() -> None:
        async with tunnel_of(cloudflared, children).open(ignore) as opened:
            assert opened.origin.startswith("https://localhost:")

    run(test())


@pytest.mark.parametrize(
    ("plan", "message", "hint"),
    [
        ({"fail": "429"}, "no further quick tunnels", "--tunnel ngrok"),
        ({"fail": "network"}, "cannot reach Cloudflare", "network"),
        ({"fail": "old"}, "too old", "cloudflared update"),
        ({"fail": "crash"}, "it last said: panic: runtime error", "by hand"),
        ({"never_ready": True}, "has not connected within 0.6 s", "7844"),
        ({"hang": True}, "has not connected within 0.6 s; it last said: nothing", "7844"),
    ],
)
def test_what_goes_wrong_is_told_apart(
    cloudflared: FakeProgram, children: Children, plan: dict[str, Any], message: str, hint: str
) -> None:
    cloudflared.plan(plan)
    within = 0.6 if "within" in message else 5.0

    async def test() -> None:
        async with tunnel_of(cloudflared, children, within=within).open(ignore):
            pytest.fail("it was opened")

    with pytest.raises(TunnelError) as refused:
        run(test())
    assert message in refused.value.message
    assert hint in refused.value.hint


def test_a_program_that_cannot_be_run_is_told(
    cloudflared: FakeProgram, children: Children, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF but not really")
    broken.chmod(0o755)
    tunnel = CloudflaredTunnel(broken, children, target="http://127.0.0.1:1", environment={})

    async def test() -> None:
        async with tunnel.open(ignore):
            pytest.fail("it was opened")

    with pytest.raises(TunnelError, match="cannot be run: Exec format error"):
        run(test())


def test_a_named_tunnel_runs_by_its_name(cloudflared: FakeProgram, children: Children) -> None:
    named = NamedTunnel(hostname="hooks.example.test", name="mine", credentials="/c.json")

    async def test() -> None:
        async with tunnel_of(cloudflared, children, named=named).open(ignore) as opened:
            assert opened.origin == "https://hooks.example.test"

    run(test())
    arguments = cloudflared.runs[0]["arguments"]
    assert arguments[-1] == "mine"
    assert arguments[arguments.index("run") :][:3] == ["run", "--url", "http://127.0.0.1:1"]
    assert "/c.json" in arguments


def test_a_token_is_in_no_argument(cloudflared: FakeProgram, children: Children) -> None:
    named = NamedTunnel(hostname="hooks.example.test", token="token_obviously_fake")

    async def test() -> None:
        async with tunnel_of(cloudflared, children, named=named).open(ignore):
            arguments = psutil.Process(cloudflared.runs[0]["pid"]).cmdline()
            assert "token_obviously_fake" not in " ".join(arguments)

    run(test())
    assert cloudflared.runs[0]["environment"]["TUNNEL_TOKEN"] == "token_obviously_fake"
    assert "token_obviously_fake" not in repr(named)


def test_a_token_that_is_not_valid_is_told(cloudflared: FakeProgram, children: Children) -> None:
    cloudflared.plan({"fail": "token"})
    named = NamedTunnel(hostname="hooks.example.test", token="x")

    async def test() -> None:
        async with tunnel_of(cloudflared, children, named=named).open(ignore):
            pytest.fail("it was opened")

    with pytest.raises(TunnelError, match="does not know this tunnel") as refused:
        run(test())
    assert "cloudflared.token" in refused.value.hint


def test_it_tells_of_its_connection_and_its_end(
    cloudflared: FakeProgram, children: Children
) -> None:
    async def test() -> None:
        async with tunnel_of(cloudflared, children).open(ignore) as opened:
            cloudflared.cut()
            await news_of(opened.news, News.LOST)
            cloudflared.cut()
            await news_of(opened.news, News.BACK)
            cloudflared.signal(9)
            await news_of(opened.news, News.ENDED)

    run(test())


def test_one_that_does_not_end_when_asked_is_ended(
    cloudflared: FakeProgram, children: Children
) -> None:
    cloudflared.plan({"stubborn": True})

    async def test() -> None:
        async with tunnel_of(cloudflared, children).open(ignore):
            pass

    run(test())


def test_an_opening_that_is_given_up_leaves_nothing(
    cloudflared: FakeProgram, children: Children
) -> None:
    cloudflared.plan({"never_ready": True})

    async def opening() -> None:
        async with tunnel_of(cloudflared, children).open(ignore):
            pytest.fail("it was opened")

    async def test() -> None:
        task = asyncio.create_task(opening())
        await started(cloudflared)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test())
