"""Noticing that whoever reads has gone, while there is nothing to write to them."""

import asyncio
import contextlib
import select
import sys
from collections.abc import Callable, Iterator
from typing import TextIO


@contextlib.contextmanager
def on_hangup(stream: TextIO, gone: Callable[[], None]) -> Iterator[None]:
    """Call `gone` in the running loop, once, when the reader of a pipe or terminal goes away.

    Where the system cannot tell (no Linux, a file), the next write will. The stream is watched
    through an epoll of its own: a loop's add_reader (libuv's uv_poll_init) would make the stream
    itself non-blocking, for all who share it, and take a readable terminal for news.
    """
    if sys.platform != "linux":
        yield
        return
    with select.epoll() as watched:
        try:
            watched.register(stream, 0)  # EPOLLERR and EPOLLHUP are told in any case
        except (OSError, ValueError):  # a file, or nothing of the system's
            yield
            return
        loop = asyncio.get_running_loop()

        def tell() -> None:
            loop.remove_reader(watched.fileno())
            gone()

        loop.add_reader(watched.fileno(), tell)
        try:
            yield
        finally:
            loop.remove_reader(watched.fileno())
