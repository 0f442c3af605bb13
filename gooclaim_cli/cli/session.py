"""Running a listening session under a renderer, until a signal or a closed pipe ends it."""

import asyncio
import contextlib
import dataclasses
import errno
import io
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import TextIO

from gooclaim_cli import private_files
from gooclaim_cli.bugs import BugReports
from gooclaim_cli.cli.hangup import on_hangup
from gooclaim_cli.cli.outflow import Outflow, aside
from gooclaim_cli.cli.running import end_on_signals, run
from gooclaim_cli.errors import ExitCode
from gooclaim_cli.happenings import Happening, Notice, Ready
from gooclaim_cli.listening import Session
from gooclaim_cli.plan import ListenPlan
from gooclaim_cli.render.happening_lines import JsonRenderer, to_object
from gooclaim_cli.render.json_lines import encode_object
from gooclaim_cli.render.renderer import Renderer


def run_session(
    plan: ListenPlan,
    *,
    as_json: bool,
    print_body: bool,
    verbose: bool = False,
    ready_file: Path | None,
    debug: bool,
) -> ExitCode:
    """Run a session and show it; with `debug`, faults of our own in full, too.

    Raises GooclaimError where it cannot start or undo itself, OSError where the disk that its
    output goes to is full; all is undone then.
    """

    def renderer(outflow: Outflow) -> Renderer:
        return _renderer(plan, outflow, as_json=as_json, print_body=print_body, verbose=verbose)

    return run(_watch(plan, renderer, ready_file, BugReports(show=debug)))


def _renderer(
    plan: ListenPlan, outflow: Outflow, *, as_json: bool, print_body: bool, verbose: bool
) -> Renderer:
    if as_json:
        stream = aside(outflow, sys.stdout)
        return JsonRenderer(gathering(stream) if stream is sys.stdout else stream)
    from gooclaim_cli.cli.consoles import error_console, output_console  # rich costs start-up
    from gooclaim_cli.render.live import LiveRenderer

    return LiveRenderer(
        output_console(aside(outflow, sys.stdout)),
        error_console(aside(outflow, sys.stderr)),
        deadline=plan.receiver.deadline,
        print_body=print_body,
        verbose=verbose,
    )


async def _watch(
    plan: ListenPlan,
    renderer: Callable[[Outflow], Renderer],
    ready_file: Path | None,
    bugs: BugReports,
) -> ExitCode:
    with ReadyFile(ready_file) if ready_file else nullcontext() as file:
        audience = _Audience(renderer, file)
        session = Session(plan, audience.tell, report=bugs.report)
        audience.on_gone = session.stop
        end_on_signals(session.stop, session.left_behind)
        with on_hangup(sys.stdout, audience.leave):
            try:
                summary = await session.run()
            finally:
                audience.close()
    if audience.full_disk is not None:
        raise audience.full_disk
    return ExitCode.OK if summary is not None else ExitCode.INTERRUPTED


def gathering(stream: TextIO) -> TextIO:
    """The stream, or one in its place that writes when it is flushed, not at each line.

    PYTHONUNBUFFERED takes that from a program's output: a line a delivery then costs a call of the
    system, and one that is cut short by a signal loses its end.
    """
    raw = getattr(stream, "buffer", None)
    if not isinstance(raw, io.RawIOBase):
        return stream
    return open(raw.fileno(), "w", encoding=stream.encoding, errors=stream.errors, closefd=False)


class ReadyFile(AbstractContextManager["ReadyFile"]):
    """The file that tells other programs that all is ready: written then, removed at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        private_files.remove(path)  # one of an earlier session is not ours

    def write(self, content: str) -> None:
        """Write it, whole: who sees it can read it. Readable by its owner alone."""
        private_files.write(self._path, f"{content}\n".encode())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        private_files.remove(self._path)


class _Audience:
    """Shows happenings; when nobody reads them any more (a closed pipe), ends the session."""

    def __init__(
        self, renderer: Callable[[Outflow], Renderer], ready_file: ReadyFile | None
    ) -> None:
        self._outflow = Outflow(self._is_broken)
        self._renderer = renderer(self._outflow)
        self._ready_file = ready_file
        self._ready: Ready | None = None  # as it is now: the public URL may change
        self._flushing = False
        self._loop = asyncio.get_running_loop()
        self.on_gone = lambda: None
        self.full_disk: OSError | None = None  # what ended it, if that did

    def tell(self, happening: Happening) -> None:
        """Show it. What comes in one turn of the event loop is flushed together."""
        self._keep_ready_file(happening)
        try:
            self._renderer.show(happening)
        except OSError as error:
            self._note(error)
            self.leave()
        if isinstance(happening, Notice):  # somebody may be asked something about it
            self.flush()
            self._outflow.settle()
        elif not self._flushing:
            self._flushing = True
            self._loop.call_soon(self.flush)

    def _keep_ready_file(self, happening: Happening) -> None:
        """Before it is shown: who reads that it is ready, or has moved, may look at once."""
        if isinstance(happening, Ready):
            self._ready = happening
        elif isinstance(happening, Notice) and happening.public_url and self._ready:
            self._ready = dataclasses.replace(self._ready, public_url=happening.public_url)
        else:
            return
        if self._ready_file is not None:
            self._ready_file.write(encode_object(to_object(self._ready)))

    def flush(self) -> None:
        """Pass on what was shown."""
        self._flushing = False
        try:
            self._renderer.flush()
        except OSError as error:
            self._note(error)
            self.leave()

    def close(self) -> None:
        """Pass on what is left, as far as somebody reads it."""
        self.flush()
        self._outflow.close()

    def _is_broken(self, error: OSError) -> None:
        self._note(error)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self.leave)

    def _note(self, error: OSError) -> None:
        if error.errno == errno.ENOSPC:
            self.full_disk = error

    def leave(self) -> None:
        """A terminal or pipe is gone: what is shown now has no reader, ever."""
        self._renderer = _Silence()
        self._loop.call_soon(self.on_gone)


class _Silence:
    def show(self, happening: Happening) -> None:
        """Show nothing."""

    def flush(self) -> None:
        """Nothing waits."""
