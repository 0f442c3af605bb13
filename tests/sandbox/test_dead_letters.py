"""gooclaim_cli.dead_letters: a session tells of events that its own sandbox has given up."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from io import StringIO
from pathlib import Path

from gooclaim_cli import settings
from gooclaim_cli.happenings import Happening, Notice
from gooclaim_cli.render.happening_lines import JsonRenderer
from gooclaim_cli.sandbox import OutboundEvent, SandboxOptions
from gooclaim_cli.surroundings import start_sandbox
from gooclaim_cli.told import Told

USUAL = "evt_01HXYZ0123456789AB7F3KX9QA"


async def given_up(folder: Path, *event_ids: str) -> list[Happening]:
    """What is told of events that are sent, one after the other, to where nobody listens."""
    heard: asyncio.Queue[Happening] = asyncio.Queue()
    options = SandboxOptions(emit=False, retry_schedule=(0.01, 0.01), jitter=0.0)
    loaded = settings.load({}, {settings.HOME_VARIABLE: str(folder)})
    async with AsyncExitStack() as stack, asyncio.timeout(10):
        told = Told(heard.put_nowait, time.time)
        _, sandbox = await start_sandbox(stack, options, loaded, told)
        sandbox.preconfigure("https://127.0.0.1:1/hooks")
        found = []
        for each in event_ids:
            await sandbox.deliver(OutboundEvent(each, "workflow.completed", each, b"{}"))
            found.append(await heard.get())
    assert heard.empty()
    return found


def test_what_is_given_up_is_told_with_what_to_type_the_first_time(tmp_path: Path) -> None:
    first, second = asyncio.run(given_up(tmp_path, USUAL, "evt_$(x)"))
    assert isinstance(first, Notice)
    assert isinstance(second, Notice)
    assert (first.code, first.message) == (
        "dead_letter",
        "evt_…7F3KX9QA is given up after 3 tries: a dead letter",
    )
    assert "gooclaim replay 7F3KX9QA " in first.hint
    assert "gooclaim replay --failed " in first.hint
    assert (second.message[:8], second.hint) == ("evt_$(x)", "")
    stream = StringIO()
    JsonRenderer(stream).show(first)
    assert json.loads(stream.getvalue())["event_id"] == USUAL
