"""The report of a fault names places and types, and holds no value."""

import asyncio
from typing import NoReturn

import pytest

from gooclaim_cli import __version__
from gooclaim_cli.bugs import describe

SECRET = "whsec-that-nobody-may-see"


class OurOwnError(Exception):
    """One of a kind."""


def fail_below(secret: str) -> NoReturn:
    raise OurOwnError(secret)


def caught() -> BaseException:
    with pytest.raises(OurOwnError) as raised:
        fail_below(SECRET)
    return raised.value


def test_the_report_has_versions_and_places() -> None:
    text = describe(caught())
    first, *rest = text.splitlines()
    assert first.startswith(f"gooclaim {__version__}, Python 3.")
    assert rest[0].endswith("OurOwnError")
    assert any(line.startswith("  test_bugs.py:") and "fail_below" in line for line in rest)
    assert SECRET not in text


def test_the_report_follows_what_led_to_the_error() -> None:
    def fail() -> None:
        try:
            fail_below(SECRET)
        except OurOwnError:
            raise LookupError(SECRET) from None

    with pytest.raises(LookupError) as raised:
        fail()
    text = describe(raised.value)
    assert text.index("builtins.LookupError") < text.index("OurOwnError")
    assert SECRET not in text


def test_the_report_opens_the_group_that_tasks_fail_in() -> None:
    async def fail() -> None:
        fail_below(SECRET)

    async def together() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            tasks.create_task(fail())

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(together())
    text = describe(raised.value)
    assert text.count("OurOwnError") == 2
    assert text.count("fail_below") == 2
    assert SECRET not in text
