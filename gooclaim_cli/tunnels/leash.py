"""Become a tunnel program that does not outlive the session which started it.

Run as a script, with the standard library alone: `leash.py HOLDER SESSION FOLDER PROGRAM ...`.
SESSION is the process id of the session. A record of what is started goes into FOLDER, for the
next session to end what this one could not (`children`); then the program takes this process's
place. HOLDER `kernel` (Linux): the kernel ends it when the thread that started us is gone
(prctl(2), PR_SET_PDEATHSIG). HOLDER `watcher`: a small process does, within half a second.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_EVERY = 0.25
_CANNOT_RUN = 126


def main(holder: str, session: int, folder: str, command: list[str]) -> int:
    """Tie ourselves to the session and run the program; returns only where it cannot be run."""
    program = command[0]
    record(folder, session, program, pid=os.getpid())
    if holder == "kernel":
        _die_with_the_session(session)
    else:
        _watch_in_a_child(session)
    try:
        os.execve(program, command, _environment())  # noqa: S606 - a list, no shell
    except OSError as error:
        sys.stderr.write(f"{program} cannot be run: {error.strerror}\n")
    return _CANNOT_RUN


def _environment() -> dict[str, str]:
    """Ours, without what is ours alone: client and signing secrets are no tunnel's business."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GOOCLAIM_")}


def record(folder: str, session: int, program: str, *, pid: int) -> None:
    """Write what a later session needs to know that a process is a leftover, and end it."""
    members = {"session": session, "started": time.time(), "program": program}
    path = Path(folder, f"{pid}.json")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    half.write_text(json.dumps(members), "utf-8")
    half.replace(path)


def _die_with_the_session(session: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != session:  # it died before we asked to be told
        os._exit(_CANNOT_RUN)


def _watch_in_a_child(session: int) -> None:
    """Leave a child behind that ends us where the session is gone, and itself where we are."""
    us = os.getpid()
    if os.fork():
        return
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # who reads the program's output must see where it ends
        os.dup2(quiet, stream)
    while os.getppid() == us:
        try:
            os.kill(session, 0)
        except ProcessLookupError:
            os.kill(us, signal.SIGKILL)
        except PermissionError:
            pass  # somebody else's: but it is there
        time.sleep(_EVERY)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
