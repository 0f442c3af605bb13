"""Kill `gooclaim listen` at random moments of its life, and put the tenant's URL right again.

    python -m tests.soak.kill_registration --rounds 50

One sandbox serves all rounds, its API a little slow, so that kills hit the calls that count. In
each round the tenant has some configuration or none; a session is started and killed by SIGKILL:
while it starts, while it listens, or while it ends. Then one `gooclaim restore` has to do:

- the tenant's configuration is what it was before the round: the URL and the events, or nothing;
- nothing is left in the journal, and the next session starts.

Prints a line a round; exits 1 with what was lost. Everything is on loopback.
"""

import argparse
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
from typing import Any
from unittest import mock

from gooclaim_cli.__main__ import main as gooclaim
from tests.e2e.support import GOOCLAIM, Program, SandboxClient, environment, running
from tests.soak.programs import Lost

_API_DELAY = 0.05
_LISTEN = [*GOOCLAIM, "listen", "--json"]
_CONFIGURATIONS: tuple[dict[str, Any] | None, ...] = (
    {"url": "https://cms.example.test/gooclaim", "events": ["*"]},
    {"url": "https://cms.example.test/other?a=b", "events": ["workflow.completed", "claim.*"]},
    None,
)


@dataclass
class Soak:
    """What all rounds have in common. `starts` is how long a session takes to be ready."""

    sandbox: SandboxClient
    env: dict[str, str]
    random: Random
    starts: float = 1.0
    undone: int = 0

    @property
    def journals(self) -> list[str]:
        # One with a dot in front was cut off before it became a journal: nothing was changed yet.
        found = Path(self.env["GOOCLAIM_HOME"]).glob("journal/*")
        return sorted(path.name for path in found if not path.name.startswith("."))

    def round(self) -> str:
        """Configure, start, kill, restore, look. Returns what to print. Raises Lost."""
        before = self.random.choice(_CONFIGURATIONS)
        self.sandbox.replace(before)
        moment = self.random.choice((self._starting, self._starting, self._listening, self._ending))
        with running(_LISTEN, self.env) as program:
            when = moment(program)
            program.process.kill()
            program.process.wait()
        left = self.journals
        done = self._restore()
        self.undone += done["action"] in ("put", "delete")
        found = self.sandbox.webhook()
        if (found and {name: found[name] for name in ("url", "events")}) != before:
            raise Lost(f"killed {when}: {before} has become {found}")
        if self.journals:
            raise Lost(f"killed {when}: {self.journals} is left")
        return f"killed {when}: journal {'left' if left else 'empty'}, then {done['action']}"

    def calm(self) -> None:
        """A session that nobody kills; measures how long one takes to be ready."""
        before, began = self.sandbox.webhook(), time.monotonic()
        with running(_LISTEN, self.env) as program:
            program.told("ready")
            self.starts = time.monotonic() - began
            code, _out, err = program.end()
        after = self.sandbox.webhook()
        if code or err or (before and before["url"]) != (after and after["url"]):
            raise Lost(f"a session that nobody killed ended with {code}: {err} {before} {after}")

    def _starting(self, _program: Program) -> str:
        # The calls come at the end of it; now and then, something earlier is hit.
        moment = self.random.uniform(self.random.choice((0.0, 0.5, 0.5)), 1.0) * self.starts
        time.sleep(moment)
        return f"{moment:.2f} s after its start"

    def _listening(self, program: Program) -> str:
        program.told("ready")
        moment = self.random.uniform(0.0, 0.1)
        time.sleep(moment)
        return f"{moment:.2f} s after it was ready"

    def _ending(self, program: Program) -> str:
        program.told("ready")
        program.process.send_signal(signal.SIGINT)
        moment = self.random.uniform(0.0, 4 * _API_DELAY)
        time.sleep(moment)
        return f"{moment:.2f} s after Ctrl-C"

    def _restore(self) -> dict[str, Any]:
        said = io.StringIO()
        with (
            mock.patch.dict(os.environ, self.env, clear=True),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            code = gooclaim(["restore", "--json"])
        if code:
            raise Lost(f"gooclaim restore ended with {code}: {said.getvalue()}")
        done: dict[str, Any] = json.loads(said.getvalue().splitlines()[-1])
        return done


@contextlib.contextmanager
def soaking(random: Random) -> Iterator[Soak]:
    """Run a sandbox that makes a new secret at each change, or not; and a machine beside it."""
    with tempfile.TemporaryDirectory(prefix="gooclaim-soak-") as folder:
        command = [*GOOCLAIM, "sandbox", "--no-emit", "--json"]
        command += random.choice(([], ["--rotate-secret-on-put"]))
        with (
            running(command, environment(Path(folder) / "sandbox")) as program,
            SandboxClient(program.told("ready")) as sandbox,
        ):
            sandbox.behave({"api": {"delay": _API_DELAY, "paths": "*/webhook"}})
            env = environment(Path(folder) / "home", **sandbox.variables)
            yield Soak(sandbox, env, random)


def soak(rounds: int, seed: int) -> int:
    """Run the rounds; return the exit code."""
    began, number = time.monotonic(), 0
    try:
        with soaking(Random(seed)) as run:
            run.calm()
            for number in range(1, rounds + 1):
                print(f"round {number}: {run.round()}", flush=True)
            run.calm()
    except (Lost, AssertionError, subprocess.TimeoutExpired) as error:
        print(f"round {number}, seed {seed}: LOST: {error}", flush=True)
        return 1
    print(
        f"{rounds} rounds, seed {seed}: {run.undone} kills left something to undo, the"
        f" configuration was what it was each time, {time.monotonic() - began:.0f} s"
    )
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        "kill_registration",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    asked = parser.parse_args(arguments)
    return soak(asked.rounds, SystemRandom().randrange(2**32) if asked.seed is None else asked.seed)


if __name__ == "__main__":
    sys.exit(main())
