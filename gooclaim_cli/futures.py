"""From callbacks to those who await."""

import asyncio
from typing import Any


def resolve(waiting: "asyncio.Future[Any]", result: object) -> None:
    """Give whoever awaits a future a result, or raise there the exception that it is."""
    if waiting.done():  # nobody waits any more
        return
    if isinstance(result, Exception):
        waiting.set_exception(result)
    else:
        waiting.set_result(result)
