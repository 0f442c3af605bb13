"""gooclaim_cli.cli.hangup: a reader that goes away is noticed without a write."""

import asyncio
import io
import os
import sys
from pathlib import Path
from typing import TextIO

import pytest

from gooclaim_cli.cli.hangup import on_hangup
from gooclaim_cli.cli.running import run


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next write tells")
@pytest.mark.parametrize("runner", [asyncio.run, run])
def test_a_pipe_whose_reader_goes_is_noticed_once(runner: object) -> None:
    """And the pipe stays blocking: others write to it, too."""
    assert callable(runner)
    reading, writing = os.pipe()
    told: list[str] = []

    async def scenario() -> None:
        gone = asyncio.Event()

        def tell() -> None:
            told.append("gone")
            gone.set()

        with io.TextIOWrapper(io.FileIO(writing, "w")) as stream, on_hangup(stream, tell):
            await asyncio.sleep(0)
            assert os.get_blocking(writing)
            assert told == []
            os.close(reading)
            await asyncio.wait_for(gone.wait(), 10)
            await asyncio.sleep(0.01)

    runner(scenario())
    assert told == ["gone"]


def test_what_cannot_be_watched_is_let_be(tmp_path: Path) -> None:
    async def scenario(stream: TextIO) -> None:
        with on_hangup(stream, lambda: pytest.fail("nobody has gone")):
            await asyncio.sleep(0)

    with (tmp_path / "file").open("w") as file:
        for stream in (io.StringIO(), file):
            asyncio.run(scenario(stream))
