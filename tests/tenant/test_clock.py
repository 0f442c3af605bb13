"""This machine's clock against the API's Date: told once, and only where it is really off."""

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest

from gooclaim_cli.happenings import Level
from gooclaim_cli.sandbox import Behaviour, SandboxOptions, run_sandbox
from gooclaim_cli.tenant.api import EVENT_TYPES_PATH, TenantApi
from gooclaim_cli.tenant.clock import ClockCheck, clock_offset
from gooclaim_cli.tenant.http import open_client

from .support import NOW, listening

Told = list[tuple[Level, str, str, str]]


@pytest.mark.parametrize(
    ("date", "sent", "received", "expected"),
    [
        (formatdate(NOW, usegmt=True), NOW, NOW, (-2.0, 0.0)),
        (formatdate(NOW, usegmt=True), NOW + 100, NOW + 130, (98.0, 130.0)),
        (formatdate(NOW, usegmt=True), NOW - 100, NOW - 99, (-102.0, -99.0)),
        # The clock was set back while we waited.
        (formatdate(NOW, usegmt=True), NOW + 100, NOW, (-2.0, 100.0)),
        ("", NOW, NOW, None),
        ("yesterday", NOW, NOW, None),
        ("Mon, 32 Jan 2026 00:00:00 GMT", NOW, NOW, None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", NOW, NOW, None),
        # Without a zone, it is not this machine's.
        ("Wed, 20 May 2026 10:14:25", NOW, NOW, (-2.0, 0.0)),
    ],
)
def test_the_offset_is_known_as_far_as_the_exchange_tells(
    date: str, sent: float, received: float, expected: tuple[float, float] | None
) -> None:
    assert clock_offset(date, sent=sent, received=received) == expected


def ask_sandbox(folder: Path, skew: float, calls: int = 3, tolerance: float = 300.0) -> Told:
    """Call a sandbox whose Date is off, and return what was told."""
    told: Told = []

    async def scenario() -> None:
        options = SandboxOptions(emit=False, behaviour=Behaviour(date_skew=skew))
        check = ClockCheck(lambda *what: told.append(what), tolerance=tolerance)
        async with (
            run_sandbox(options, folder=folder) as sandbox,
            open_client(sandbox.ready.api_url, check.hooks) as client,
        ):
            api = TenantApi(
                client,
                client_id=sandbox.ready.client_id,
                client_secret=sandbox.ready.client_secret,
                tenant_id=sandbox.ready.tenant_id,
            )
            for _ in range(calls):
                await api.get(EVENT_TYPES_PATH)

    asyncio.run(scenario())
    return told


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (-420.0, ("about 7 min ahead", "too old and are refused", "5 min")),
        (420.0, ("about 7 min behind", "from the future and are refused", "5 min")),
        (-90.0, ("ahead of", "as soon as", "5 min")),
        (90.0, ("behind", "as soon as", "5 min")),
        (-3 * 86400.0, ("3 days ahead", "too old")),
    ],
)
def test_a_clock_that_is_off_is_told_once(
    tmp_path: Path, skew: float, words: tuple[str, ...]
) -> None:
    """By how much, in which direction, what it breaks, and what to do."""
    ((level, code, message, hint),) = ask_sandbox(tmp_path, skew)
    assert (level, code) == (Level.WARNING, "clock_skew")
    for word in words:
        assert word in message
    assert "set the clock" in hint


@pytest.mark.parametrize("skew", [0.0, -50.0, 50.0])
def test_a_clock_that_is_about_right_is_not_mentioned(tmp_path: Path, skew: float) -> None:
    assert ask_sandbox(tmp_path, skew) == []


def test_the_tolerance_that_is_set_is_the_one_that_counts(tmp_path: Path) -> None:
    ((_, _, message, _),) = ask_sandbox(tmp_path, -120.0, tolerance=60.0)
    assert "are refused, since they are over 60 s off" in message


def answered(head: str, clock: Callable[[], float] = time.time) -> Told:
    """Get one answer with these header lines, and return what was told."""
    told: Told = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{head}\r\n".encode())
        await writer.drain()

    async def scenario() -> None:
        check = ClockCheck(lambda *what: told.append(what), tolerance=300.0, clock=clock)
        async with listening(connected) as url, open_client(url, check.hooks) as client:
            assert (await client.get("/")).status_code == 200

    asyncio.run(scenario())
    return told


LONG_AGO = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


@pytest.mark.parametrize(
    "head",
    ["", "Date: x\r\n", LONG_AGO + "Age: 7\r\n", LONG_AGO + LONG_AGO, "Date: \xe9\r\n"],
)
def test_answers_without_a_date_of_their_own_say_nothing(head: str) -> None:
    assert answered(head) == []
    assert len(answered(LONG_AGO)) == 1


def test_an_answer_that_took_long_is_no_alarm() -> None:
    """Whatever passed between request and answer may be the network's."""
    date = f"Date: {formatdate(NOW, usegmt=True)}\r\n"
    for first, last, alarms in ((0.0, 200.0, 0), (-200.0, 0.0, 0), (100.0, 300.0, 1)):
        times = iter([NOW + first, NOW + last])
        assert len(answered(date, clock=times.__next__)) == alarms
