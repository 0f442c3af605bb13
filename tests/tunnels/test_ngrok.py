"""ngrok as a tunnel: pyngrok's own code drives a fake agent."""

import asyncio
import json
import os
import socket
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from gooclaim_cli.errors import TunnelError
from gooclaim_cli.tunnels.base import News
from gooclaim_cli.tunnels.children import Children
from gooclaim_cli.tunnels.ngrok import NgrokTunnel
from gooclaim_cli.tunnels.ngrok_agent import NgrokOptions
from tests.fakes.programs import FakeProgram
from tests.tunnels.conftest import ignore, run, started

TOKEN = "2abcdefTOKEN_obviously_fake"


@pytest.fixture(autouse=True)
def environment(ngrok: FakeProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent inherits ours: pyngrok gives it no other."""
    for name, value in ngrok.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NGROK_AUTHTOKEN", TOKEN)  # pyngrok would put it into the arguments


def tunnel_of(fake: FakeProgram, children: Children, **given: Any) -> NgrokTunnel:
    within = given.pop("within", 8.0)
    options = NgrokOptions(**{"authtoken": TOKEN} | given)
    target = "http://127.0.0.1:1"
    return NgrokTunnel(fake.program, children, target=target, options=options, within=within)


def test_a_tunnel_opens_and_nobody_can_read_the_token(
    ngrok: FakeProgram, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in an argument, in a file for this user alone; gone with the tunnel."""
    config = Path()
    monkeypatch.setenv("GOOCLAIM_CLIENT_SECRET", "obviously_fake")

    async def test() -> None:
        nonlocal config
        async with tunnel_of(ngrok, children).open(ignore) as opened:
            assert opened.origin.startswith("https://localhost:")
            assert opened.inspector is None
            seen = ngrok.runs[0]
            assert "GOOCLAIM_CLIENT_SECRET" not in seen["environment"]
            config = Path(seen["arguments"][seen["arguments"].index("--config") + 1])
            process = psutil.Process(seen["pid"])
            lineage = [process, *process.parents(), *psutil.Process().children(recursive=True)]
            assert not [each for each in lineage if TOKEN in " ".join(each.cmdline())]
            assert config.stat().st_mode & 0o777 == 0o600
            assert config.parent.stat().st_mode & 0o777 == 0o700
            assert os.getpgid(seen["pid"]) == seen["pid"] != os.getpgid(0)

    run(test())
    assert not config.exists()
    assert TOKEN not in repr(NgrokOptions(authtoken=TOKEN))


def test_nothing_that_passes_is_kept_unless_asked_for(
    ngrok: FakeProgram, children: Children
) -> None:
    """Its inspector would keep health claims, for anybody on this machine."""

    async def test() -> None:
        async with tunnel_of(ngrok, children).open(ignore) as opened:
            assert opened.inspector is None
            assert _tunnels(ngrok)[0]["config"]["inspect"] is False

    run(test())
    config = yaml.safe_load(ngrok.runs[0]["config"])
    assert config["inspect_db_size"] == -1
    assert config["remote_management"] is False
    assert config["update_check"] is False


def test_the_inspector_is_there_where_it_is_asked_for(
    ngrok: FakeProgram, children: Children
) -> None:
    async def test() -> None:
        async with tunnel_of(ngrok, children, inspect=True).open(ignore) as opened:
            address = yaml.safe_load(ngrok.runs[0]["config"])["web_addr"]
            assert opened.inspector == f"http://{address}"
            assert _tunnels(ngrok)[0]["config"]["inspect"] is True

    run(test())
    assert yaml.safe_load(ngrok.runs[0]["config"])["inspect_db_size"] == 0


def _tunnels(fake: FakeProgram) -> list[dict[str, Any]]:
    """What the agent itself says of its tunnels."""
    address = yaml.safe_load(fake.runs[0]["config"])["web_addr"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{address}/api/tunnels") as answer:
        found: list[dict[str, Any]] = json.load(answer)["tunnels"]
        return found


def test_a_region_and_what_the_users_network_needs_are_passed_on(
    ngrok: FakeProgram, children: Children
) -> None:
    carried = {"root_cas": "host", "proxy_url": "http://127.0.0.1:9"}

    async def test() -> None:
        async with tunnel_of(ngrok, children, region="in", carried=carried).open(ignore):
            pass

    run(test())
    arguments = ngrok.runs[0]["arguments"]
    assert arguments[arguments.index("--region") + 1] == "in"
    assert carried.items() <= yaml.safe_load(ngrok.runs[0]["config"]).items()


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("4018", "wants an authtoken of a verified account", "NGROK_AUTHTOKEN="),
        ("105", "refuses the authtoken", "copy it anew"),
        ("107", "refuses the authtoken", "copy it anew"),
        ("108", "no further agent session", "dashboard.ngrok.com/agents"),
        ("121", "too old", "ngrok update"),
        ("123", "e-mail address", "user/settings"),
        ("334", "the domain is taken", "another --domain"),
        ("320", "not one that this ngrok account can use", "domains"),
        ("9999", "Something that nobody has seen, of (hidden).", "errors/err_ngrok_9999"),
    ],
)
def test_each_refusal_has_its_own_message(
    ngrok: FakeProgram, children: Children, code: str, message: str, hint: str
) -> None:
    ngrok.plan({"fail": code})

    async def test() -> None:
        async with tunnel_of(ngrok, children, domain="mine.example.test").open(ignore):
            pytest.fail("it was opened")

    with pytest.raises(TunnelError) as refused:
        run(test())
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert TOKEN not in f"{refused.value.message} {refused.value.hint}"


def test_no_authtoken_at_all_is_told_as_ngrok_tells_it(
    ngrok: FakeProgram, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NGROK_AUTHTOKEN")

    async def test() -> None:
        async with tunnel_of(ngrok, children, authtoken=None).open(ignore):
            pytest.fail("it was opened")

    with pytest.raises(TunnelError, match="was given none"):
        run(test())


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"hang": True}, "it said nothing within 0.7 s"),
        ({"fail": "network"}, "failed to dial ngrok server"),
    ],
)
def test_one_that_does_not_connect_is_given_up(
    ngrok: FakeProgram, children: Children, plan: dict[str, Any], message: str
) -> None:
    """pyngrok alone would wait for the agent's next line, however long."""
    ngrok.plan(plan)

    async def test() -> None:
        async with tunnel_of(ngrok, children, within=0.7).open(ignore):
            pytest.fail("it was opened")

    with pytest.raises(TunnelError, match=message) as refused:
        run(test())
    assert "network" in refused.value.hint


def test_a_configuration_that_the_agent_minds_is_told(
    ngrok: FakeProgram, children: Children
) -> None:
    async def test() -> None:
        async with tunnel_of(ngrok, children, carried={"odd": 1}).open(ignore):
            pytest.fail("it was opened")

    with pytest.raises(TunnelError, match="Error reading configuration file"):
        run(test())


def test_the_environments_proxy_is_not_for_the_agents_own_api(
    ngrok: FakeProgram, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        monkeypatch.setattr(urllib.request, "_opener", None)  # it would keep the proxy for ever
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{dead.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "example.test")

        async def test() -> None:
            async with tunnel_of(ngrok, children).open(ignore):
                pass

        run(test())
    assert os.environ["no_proxy"] == "example.test,127.0.0.1,localhost"


@pytest.fixture
def still_loop() -> list[float]:
    """The longest times that an event loop did not turn."""
    return []


def test_the_event_loop_goes_on_meanwhile(
    ngrok: FakeProgram, children: Children, still_loop: list[float]
) -> None:
    """pyngrok blocks: that is its thread's business."""
    ngrok.plan({"delay": 0.4})

    async def turn() -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0)
            still_loop.append(loop.time() - before)
            await asyncio.sleep(0.005)

    async def test() -> None:
        turning = asyncio.create_task(turn())
        async with tunnel_of(ngrok, children).open(ignore):
            turning.cancel()

    run(test())
    assert len(still_loop) > 10
    assert max(still_loop) < 0.3


def test_it_tells_of_its_connection_and_its_end(ngrok: FakeProgram, children: Children) -> None:
    async def test() -> None:
        async with tunnel_of(ngrok, children).open(ignore) as opened:
            ngrok.cut()
            assert await opened.news.get() is News.LOST
            ngrok.cut()
            assert await opened.news.get() is News.BACK
            ngrok.signal(9)
            assert await opened.news.get() is News.ENDED

    run(test())


def test_it_can_be_opened_again(ngrok: FakeProgram, children: Children) -> None:
    async def test() -> None:
        tunnel = tunnel_of(ngrok, children)
        for _ in range(2):
            async with tunnel.open(ignore) as opened:
                assert opened.origin

    run(test())
    assert len(ngrok.runs) == 2


def test_one_that_does_not_end_when_asked_is_ended(ngrok: FakeProgram, children: Children) -> None:
    ngrok.plan({"stubborn": True})

    async def test() -> None:
        async with tunnel_of(ngrok, children).open(ignore):
            pass

    run(test())


def test_an_opening_that_is_given_up_leaves_nothing(ngrok: FakeProgram, children: Children) -> None:
    ngrok.plan({"hang": True})

    async def opening() -> None:
        async with tunnel_of(ngrok, children).open(ignore):
            pytest.fail("it was opened")

    async def test() -> None:
        task = asyncio.create_task(opening())
        await started(ngrok)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test())


def test_what_the_agent_writes_is_not_shown(
    ngrok: FakeProgram, children: Children, capfd: pytest.CaptureFixture[str]
) -> None:
    """pyngrok passes its lines on to `logging`, which would print errors, tokens and all."""
    ngrok.plan({"fail": "105"})

    async def test() -> None:
        async with tunnel_of(ngrok, children).open(ignore):
            pytest.fail("it was opened")

    with pytest.raises(TunnelError):
        run(test())
    assert capfd.readouterr() == ("", "")
