"""An example as its README says to run it: its commands are what is run here, in a copy."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
README: Final = (EXAMPLES / "README.md").read_text("utf-8")
PATIENCE: Final = 30.0
_INSTALLS: Final = re.compile(r"^.*\b(?:pip|npm) install\b.*\n", re.M)
_READY: Final = r"http://127\.0\.0\.1:[1-9]\d*"
_PROCESSED: Final = re.compile(r"^processed .*(evt_\w+)")
Found = TypeVar("Found")


def blocks(heading: str) -> list[str]:
    """The commands below a heading: a block is what is typed into a terminal."""
    _, *below = re.split(rf"^#+ {re.escape(heading)}\n", README, flags=re.M)
    section = re.split(r"^#+ ", below[0], flags=re.M)[0]
    found: list[str] = re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)
    return found


def script(block: str, port: int = 0) -> str:
    """The block without what installs, on another port; 0: one that the system picks.

    The last command takes the place of the shell, to be ended by its id.
    """
    *before, last = _INSTALLS.sub("", block).replace("3000", str(port)).splitlines()
    return "\n".join((*before, f"exec {last}"))


class Output:
    """What programs say, line by line, as it comes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._readers: set[threading.Thread] = set()
        self._more = threading.Condition()

    def read(self, process: subprocess.Popen[str]) -> threading.Thread:
        """Read what a process says, on a thread, until its end."""
        reader = threading.Thread(target=self._read, args=(process,))
        self._readers.add(reader)
        reader.start()
        return reader

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._readers.remove(threading.current_thread())
            self._more.notify_all()

    def wait_for(self, look: Callable[[], Found | None], patience: float = PATIENCE) -> Found:
        """Look whenever something was said, until there is something; an error where nothing is."""
        until = time.monotonic() + patience
        with self._more:
            while not (found := look()):
                if not self._readers or not self._more.wait(until - time.monotonic()):
                    raise AssertionError("waited in vain; it said:\n" + "\n".join(self.lines))
        return found

    def find(self, pattern: str, patience: float = PATIENCE) -> re.Match[str]:
        """Wait for a line in which this is found."""
        return self.wait_for(lambda: re.search(pattern, "\n".join(self.lines), re.M), patience)

    def processed(self) -> Counter[str]:
        """How often each event was processed."""
        return Counter(found[1] for line in self.lines if (found := _PROCESSED.search(line)))


class Running:
    """A running example: where it is, and what it says."""

    def __init__(self, processes: list[subprocess.Popen[str]], output: Output) -> None:
        self._processes = processes
        self.output = output
        self.url = output.find(_READY)[0]
        self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> None:
        """Several processes may share a socket that is bound, and told, before any listens."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2]))).close()
                return
            time.sleep(0.02)
        raise AssertionError(self.output.lines)

    def kill(self) -> None:
        """Kill all its processes at once."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)

    def ask_to_end(self) -> None:
        """Ask it to end, as whoever deploys a new version does."""
        for process in self._processes:
            process.terminate()

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        for process in self._processes:
            process.wait(PATIENCE)


@contextlib.contextmanager
def terminal(
    typed: str, folder: Path, output: Output, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Type this into a terminal of its own; whatever happens, nothing of it outlives the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOOCLAIM_")}
    with subprocess.Popen(
        ["bash", "-euc", typed],
        cwd=folder,
        env=kept | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        reader = output.read(process)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            reader.join()


@contextlib.contextmanager
def running(heading: str, folder: Path, **variables: str) -> Iterator[Running]:
    """Run the commands of the README in this folder, which has a copy of `examples`."""
    output = Output()
    with contextlib.ExitStack() as stack:
        terminals = (
            terminal(script(block), folder, output, **variables) for block in blocks(heading)
        )
        yield Running([*map(stack.enter_context, terminals)], output)
