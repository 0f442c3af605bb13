"""The command as a real process, in an environment that holds nothing of the machine's."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GOOCLAIM: Final = (sys.executable, "-m", "gooclaim_cli")
PATIENCE: Final = 40.0
CLIENT_SECRET: Final = "client-secret-that-nobody-may-see"
SIGNING_SECRET: Final = "whsec-that-nobody-may-see"
CREDENTIALS: Final = {
    "GOOCLAIM_CLIENT_ID": "client_a",
    "GOOCLAIM_CLIENT_SECRET": CLIENT_SECRET,
    "GOOCLAIM_TENANT_ID": "tnt_a",
    "GOOCLAIM_SIGNING_SECRET": SIGNING_SECRET,
}


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Only what a program needs; files go below `home`, reports of faults included."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {
        **kept,
        "HOME": str(home.parent),
        "TMPDIR": str(home.parent),
        "GOOCLAIM_HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "COLUMNS": "100",
        **variables,
    }


@contextlib.contextmanager
def started(
    arguments: Sequence[str], home: Path, *, under: Sequence[str] = (), **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command, `under` another program; it does not outlive the test, whatever happens."""
    with subprocess.Popen(
        [*under, *GOOCLAIM, *arguments],
        env=environment(home, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@dataclass(frozen=True)
class Done:
    """What a command that ended said."""

    code: int
    stdout: str
    stderr: str
    raw: bytes = b""

    @classmethod
    def of(cls, process: subprocess.Popen[bytes]) -> "Done":
        """Wait for a process to end."""
        raw, errors = process.communicate(timeout=PATIENCE)
        return cls(process.returncode, raw.decode(errors="replace"), errors.decode(), raw)

    def refused(self, code: int, *words: str) -> None:
        """Check that it ended with one message, a hint, and nothing else anywhere."""
        assert (self.code, self.stdout) == (code, ""), self.stderr
        self.told(*words)
        assert self.stderr.startswith("error: ")

    def told(self, *words: str) -> None:
        """Check that there is one error with a hint, which holds these words and no secret."""
        lines = self.stderr.splitlines()
        errors = [number for number, line in enumerate(lines) if line.startswith("error: ")]
        assert len(errors) == 1, self.stderr
        message, *hints = lines[errors[0] :]
        assert hints, self.stderr
        assert all(line.startswith("  ") and line.strip() for line in hints), self.stderr
        for word in words:
            assert word in f"{message}\n{hints}", self.stderr
        self.calm()

    def calm(self) -> None:
        """Check that neither a traceback nor a secret was shown."""
        for shown in (self.stdout, self.stderr):
            assert "Traceback" not in shown
            assert CLIENT_SECRET not in shown
            assert SIGNING_SECRET not in shown


RunHere = Callable[..., Done]
RunBoth = Callable[..., tuple[Done, Done]]


def run(
    arguments: Sequence[str], home: Path, *, under: Sequence[str] = (), **variables: str
) -> Done:
    """Run the command to its end."""
    with started(arguments, home, under=under, **variables) as process:
        return Done.of(process)


@contextlib.contextmanager
def taken_port() -> Iterator[int]:
    """A port that is taken, and on which nothing answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Do what Ctrl-C does."""
    process.send_signal(signal.SIGINT)
