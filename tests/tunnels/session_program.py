"""A session of which only its child is of interest: starts it, says its id, waits to be killed.

session_program.py FOLDER HOLDER PROGRAM ARGUMENT...
"""

import asyncio
import os
import sys
from pathlib import Path

from gooclaim_cli.tunnels.children import Children


async def main() -> None:
    folder, holder, program, *arguments = sys.argv[1:]
    children = Children(Path(folder), holder=holder)
    running = children.running(
        Path(program), arguments, environment=dict(os.environ), on_line=lambda _line: None
    )
    async with running as child:
        while children.pid_of(Path(program)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        print(child.process.pid, flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
