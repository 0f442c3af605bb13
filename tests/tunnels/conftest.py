"""Tunnels against fake programs: real processes, real TLS, pyngrok's real code."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.tunnels.children import Children
from tests.fakes.programs import FakeProgram

WITHIN = 10.0


@pytest.fixture
def cloudflared(tmp_path: Path) -> FakeProgram:
    return FakeProgram("cloudflared", tmp_path)


@pytest.fixture
def ngrok(tmp_path: Path) -> FakeProgram:
    return FakeProgram("ngrok", tmp_path)


@pytest.fixture
def children(tmp_path: Path) -> Children:
    return Children(tmp_path / "records", grace=0.3)


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Any:
    """Whatever a test does, no tunnel program outlives it, and no record."""
    names = {"cloudflared", "ngrok"} & set(request.fixturenames)
    fakes: list[FakeProgram] = [request.getfixturevalue(name) for name in names]
    yield
    for fake in fakes:
        left = fake.left()
        assert not left, left
        folder = fake.bin.parent / "records"
        assert not folder.exists() or not list(folder.iterdir())


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    """An app that answers 404 to everything."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def run(test: Any) -> None:
    """Run a coroutine, bounded in time."""

    async def bounded() -> None:
        async with asyncio.timeout(WITHIN):
            await test

    asyncio.run(bounded())


def ignore(_what: str) -> None:
    """Somebody who does not mind what is waited for."""


async def started(fake: FakeProgram) -> None:
    """Wait until a fake program has begun."""
    while not fake.runs:  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(0.02)
