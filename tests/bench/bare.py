"""The baseline of the receiver's benchmarks: reads the body, answers 200, on the same server.

`python -m tests.bench.bare` prints its port and serves until its standard input ends.
"""

import asyncio
import sys
from typing import Any

import uvloop

from gooclaim_cli.serving import serve


async def app(scope: Any, receive: Any, send: Any) -> None:
    more = scope["type"] == "http"
    while more:
        more = (await receive()).get("more_body", False)
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def main() -> None:
    async with serve(app) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
