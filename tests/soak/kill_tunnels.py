"""Kill `gooclaim listen` behind a tunnel, again and again, and look for what it leaves.

    python -m tests.soak.kill_tunnels --rounds 50

In each round a session is started through a fake ngrok or cloudflared (real processes, real TLS,
registered with a sandbox), and ended by SIGKILL at a random moment: while it starts, while it
listens, while its tunnel is being started again. Then:

- no process of the tunnel's is left;
- the tenant's URL is the home URL, or a journal says which one is to be put back in place of what;
- the next session starts all the same, and the last one, which ends calmly, leaves the home URL,
  no journal, no record and no file of a tunnel's.

Prints a line a round; exits 1 with what was left. Everything is on loopback.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

import psutil

from tests.e2e.support import GOOCLAIM, SandboxClient, environment, running
from tests.fakes.programs import FakeProgram
from tests.soak.programs import PATIENCE, Lost

HOME_URL = "https://cms.example.test/gooclaim"
_GONE_WITHIN = 3.0
_LONGEST_LINE = 2**20


@dataclass
class Soak:
    """What all rounds have in common."""

    folder: Path
    random: Random
    sandbox: SandboxClient
    fakes: list[FakeProgram]
    seconds: float

    @property
    def home(self) -> Path:
        return self.folder / "home"

    async def round(self) -> str:
        """Start, kill at a random moment, check. Returns what to print."""
        fake = self.random.choice(self.fakes)
        moment = self.random.choice(("starting", "listening", "tunnel is started again"))
        async with self._session(fake) as process:
            if moment == "starting":
                await asyncio.sleep(self.random.uniform(0.0, 1.0))
            else:
                await _ready(process)
                if moment != "listening":
                    fake.signal(signal.SIGKILL)
                await asyncio.sleep(self.random.uniform(0.0, self.seconds))
            process.kill()
            await process.wait()
        took = await self._check_orphans()
        url = await self._check_url()
        return f"{fake.program.name}, {moment}: tunnel gone after {took * 1000:.0f} ms, {url}"

    async def finish(self) -> None:
        """Start once more, end calmly, and see that all is as it was before the first round."""
        for fake in self.fakes:
            async with self._session(fake) as process:
                await _ready(process)
                process.send_signal(signal.SIGINT)
                async with asyncio.timeout(PATIENCE):
                    await process.communicate()
            if process.returncode != 0:
                raise Lost(f"a calm end was none: {process.returncode}")
            await self._check_orphans()
        if self._url() != HOME_URL:
            raise Lost(f"the tenant's URL is {self._url()}")
        left = [*self.home.rglob("journal/*.json"), *(self.home / "tunnels").iterdir()]
        if left:
            raise Lost(f"files are left: {left}")

    @asynccontextmanager
    async def _session(self, fake: FakeProgram) -> AsyncIterator[Process]:
        variables = self.sandbox.variables | fake.variables
        process = await asyncio.create_subprocess_exec(
            *GOOCLAIM,
            *("listen", "--tunnel", fake.program.name, "--json"),
            env=environment(self.home, **variables, NGROK_AUTHTOKEN="tok_obviously_fake"),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_LONGEST_LINE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _check_orphans(self) -> float:
        """Wait until nothing of a tunnel's is left; return how long that took."""
        began = time.monotonic()
        while left := self._of_tunnels():
            if time.monotonic() - began > _GONE_WITHIN:
                raise Lost(f"processes are left: {left}")
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    def _of_tunnels(self) -> list[int]:
        """Every process that has our fake tunnels' variable, whatever its parent is by now."""
        states = {str(fake.state) for fake in self.fakes}
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("FAKE_TUNNEL") in states:
                    found.append(process.pid)
        return found

    async def _check_url(self) -> str:
        """The URL is the home URL, or the journal tells all."""
        url = await asyncio.to_thread(self._url)
        if url == HOME_URL:
            return "the home URL is there"
        journals = [path.read_text() for path in self.home.rglob("journal/*.json")]
        if not any(HOME_URL in text and str(url) in text for text in journals):
            raise Lost(f"the tenant's URL is {url}, and no journal says so: {journals}")
        return "the journal says what is to be put back"

    def _url(self) -> str | None:
        found = self.sandbox.webhook()
        return found["url"] if found else None


async def _ready(process: Process) -> None:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while line := await process.stdout.readline():
                if json.loads(line)["kind"] == "ready":
                    return
    except TimeoutError:
        raise Lost(f"a session was not ready within {PATIENCE:g} s") from None
    raise Lost("a session did not start")


async def soak(rounds: int, seed: int, seconds: float) -> int:
    """Run the rounds; return the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gooclaim-soak-") as name:
        folder = Path(name)
        fakes = [FakeProgram("cloudflared", folder), FakeProgram("ngrok", folder)]
        options = ["--no-emit", "--json", "--home-url", HOME_URL]
        for fake in fakes:
            options += ["--trust", str(fake.ca_file)]
        command = [*GOOCLAIM, "sandbox", *options]
        with (
            running(command, environment(folder / "gooclaim")) as program,
            SandboxClient(program.told("ready")) as client,
        ):
            run = Soak(folder, Random(seed), client, fakes, seconds)
            number = 0
            try:
                for number in range(1, rounds + 1):
                    print(f"round {number}: {await run.round()}", flush=True)
                await run.finish()
            except Lost as lost:
                print(f"round {number}, seed {seed}: LOST: {lost}", flush=True)
                return 1
    print(f"{rounds} kills, seed {seed}: nothing left, {time.monotonic() - began:.0f} s")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        "kill_tunnels", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seconds-per-round", type=float, default=0.6)
    asked = parser.parse_args(arguments)
    seed = SystemRandom().randrange(2**32) if asked.seed is None else asked.seed
    return asyncio.run(soak(asked.rounds, seed, asked.seconds_per_round))


if __name__ == "__main__":
    sys.exit(main())
