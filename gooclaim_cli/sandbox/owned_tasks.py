"""A task group that a context owns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def owned_tasks() -> AsyncIterator[asyncio.TaskGroup]:
    """Yield a task group whose tasks are cancelled when the context is left.

    The group belongs to a task of its own: what the context's body raises comes out as it is, not
    in an exception group. What a task raised comes out when the context is left.
    """
    opened: asyncio.Future[asyncio.TaskGroup] = asyncio.get_running_loop().create_future()

    async def own() -> None:
        async with asyncio.TaskGroup() as group:
            opened.set_result(group)
            await asyncio.Event().wait()

    owner = asyncio.create_task(own(), name="owned tasks")
    try:
        yield await opened
    finally:
        owner.cancel()
        await asyncio.wait([owner])
    if not owner.cancelled():
        owner.result()
