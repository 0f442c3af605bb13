"""Flood `gooclaim listen` with slow connections and unverified requests, while real events come.

    python -m tests.soak.flood --rounds 5

In each round a thousand connections dawdle (silent, or dripping through headers, bodies and chunks;
who is cut off comes back at once), and others send requests as fast as they are answered, whose
signatures are wrong. Meanwhile, and after it:

- every real event is answered within a second;
- memory is bounded, and later rounds need no more of it than the first two: in a short first one,
  what is held for the flood is still being filled;
- what is stored of the unverified requests is bounded, and so is the disk that it takes;
- when it is over, the connections are gone, all that was acknowledged is in the history and has
  reached the handler, and the session ends calmly.

Prints a line a round; exits 1 with what did not hold. Everything is on loopback.
"""

import argparse
import asyncio
import contextlib
import json
import sqlite3
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from urllib.parse import urlsplit

from gooclaim_cli.wire import SigningSecret
from tests.soak.load import Connection, Sent, new_delivery
from tests.soak.programs import (
    PATIENCE,
    Handler,
    Listening,
    Lost,
    handler,
    listening,
    memory_of,
    sockets_of,
)

MOST_MIB = 200.0
MORE_THAN_AFTER_THE_FIRST_ROUNDS_MIB = 20.0
MOST_ON_DISK = 64 * 1024 * 1024
MOST_REJECTED = 1000 + 100  # trimmed at every hundredth
_BETWEEN_REAL_EVENTS = 0.1
_LEFT_OPEN = 10


@dataclass(frozen=True)
class Force:
    """How strong the attack is, how long a round takes, and how soon a real event is answered."""

    slow: int
    flooding: int
    seconds: float
    within: float


@dataclass
class Soak:
    """What all rounds have in common."""

    force: Force
    session: Listening
    random: Random
    secret: SigningSecret
    sent: list[Sent] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    async def round(self) -> str:
        """Attack, and send real events meanwhile. Returns what to print; raises Lost."""
        began, times = len(self.sent), len(self.times)
        async with attacked(self.session.url, self.force) as told:
            until = time.monotonic() + self.force.seconds
            while time.monotonic() < until:
                await self.send_real_event()
                await asyncio.sleep(_BETWEEN_REAL_EVENTS)
        await self.send_real_event()
        now, most = memory_of(self.session.process.pid)
        self.memory.append(now)
        if most > MOST_MIB:
            raise Lost(f"it took {most:.0f} MiB of memory")
        if now > max(self.memory[:2]) + MORE_THAN_AFTER_THE_FIRST_ROUNDS_MIB:
            raise Lost(f"its memory grows from round to round: {self.memory} MiB")
        if not told.get("401") or not (told.get("408") or told.get("503")):
            raise Lost(f"that was no attack: {told}")
        slowest = max(self.times[times:])
        return (
            f"{len(self.sent) - began} real events, the slowest answered after {slowest:.3f} s;"
            f" attackers were told {told}; memory {now:.0f} MiB, {most:.0f} at most"
        )

    async def send_real_event(self) -> None:
        """Send one over a connection of its own. Raises Lost where it is not taken in time."""
        sent = new_delivery(self.random)
        sent.key = sent.key[:-1] + "1"  # the handler takes it at once
        started = time.monotonic()
        with contextlib.closing(Connection(self.session.url, self.secret)) as connection:
            status = await connection.send(sent)
        took = time.monotonic() - started
        self.sent.append(sent)
        self.times.append(took)
        if status != 200 or took > self.force.within:
            raise Lost(f"a real event was answered {status} after {took:.2f} s")

    async def check_aftermath(self, home: Path, hooks: Handler) -> str:
        """See that all is well again, and end the session. Returns what to print; raises Lost."""
        await self._check_connections()
        await self.send_real_event()
        taken = await hooks.taken()
        missed = [each.event_id for each in self.sent if taken.get(each.key) != [200]]
        if missed:
            raise Lost(f"the handler did not take exactly once: {missed}")
        await self.session.interrupt()
        return self._check_disk(home)

    async def _check_connections(self) -> None:
        """The attackers' connections go when they do."""
        async with asyncio.timeout(PATIENCE):
            while sockets_of(self.session.process.pid) > _LEFT_OPEN:  # noqa: ASYNC110 -- of another process
                await asyncio.sleep(_BETWEEN_REAL_EVENTS)

    def _check_disk(self, home: Path) -> str:
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
        if size > MOST_ON_DISK:
            raise Lost(f"it took {size:,} bytes of the disk")
        self._check_history(next(home.rglob("*.db")))
        return f"{size / 2**20:.0f} MiB on disk"

    def _check_history(self, database: Path) -> None:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            ((verdict,),) = connection.execute("PRAGMA integrity_check").fetchall()
            stored = set(connection.execute("SELECT event_id, body_sha256 FROM delivery"))
            ((rejected,),) = connection.execute(
                "SELECT count(*) FROM delivery WHERE outcome = 'rejected'"
            ).fetchall()
        if verdict != "ok":
            raise Lost(f"the database is damaged: {verdict}")
        lost = [each.event_id for each in self.sent if (each.event_id, each.digest) not in stored]
        if lost:
            raise Lost(f"acknowledged, but not in the history: {lost}")
        if not 0 < rejected <= MOST_REJECTED:
            raise Lost(f"{rejected} unverified requests are stored")


@asynccontextmanager
async def attacked(url: str, force: Force) -> AsyncIterator[dict[str, int]]:
    """Attack from a process of its own; what it was told is there when it is over."""
    target = urlsplit(url)
    attacker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.soak.attack_program"),
        *(str(target.port), target.path, str(force.slow), str(force.flooding)),
        stdin=PIPE,
        stdout=PIPE,
    )
    told: dict[str, int] = {}
    try:
        assert attacker.stdout is not None
        async with asyncio.timeout(PATIENCE):
            if not await attacker.stdout.readline():
                raise Lost("the attack could not begin")
        yield told
        out, _ = await attacker.communicate(b"")
        told |= json.loads(out)
    finally:
        if attacker.returncode is None:
            attacker.kill()
            await attacker.communicate(b"")


async def soak(rounds: int, seed: int, force: Force) -> int:
    """Run the rounds; return the exit code."""
    began = time.monotonic()
    secret = SigningSecret("whsec_soak_fake")
    with tempfile.TemporaryDirectory(prefix="gooclaim-soak-") as folder:
        number = 0
        try:
            async with (
                handler() as hooks,
                listening(Path(folder), hooks.port, secret.value) as session,
            ):
                run = Soak(force, session, Random(seed), secret)
                for number in range(1, rounds + 1):
                    print(f"round {number}: {await run.round()}", flush=True)
                size = await run.check_aftermath(Path(folder), hooks)
        except (Lost, TimeoutError) as error:
            print(f"round {number}, seed {seed}: DID NOT HOLD: {error or 'too slow'}", flush=True)
            return 1
    print(
        f"{rounds} rounds, seed {seed}: {len(run.sent)} real events, the slowest answered after"
        f" {max(run.times):.3f} s; {size}; all held, {time.monotonic() - began:.0f} s"
    )
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        "flood", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seconds-per-round", type=float, default=5.0)
    parser.add_argument("--slow", type=int, default=1000)
    parser.add_argument("--flooding", type=int, default=16)
    parser.add_argument("--within", type=float, default=1.0)
    asked = parser.parse_args(arguments)
    seed = SystemRandom().randrange(2**32) if asked.seed is None else asked.seed
    force = Force(asked.slow, asked.flooding, asked.seconds_per_round, asked.within)
    return asyncio.run(soak(asked.rounds, seed, force))


if __name__ == "__main__":
    sys.exit(main())
