"""Kill `gooclaim listen` under load, again and again, and look for what was lost.

    python -m tests.soak.kill_listen --rounds 20

In each round a session is started on the same GOOCLAIM_HOME, gets signed deliveries over several
connections, and is ended by SIGKILL at a random moment; every other session forwards to a handler,
every other two outlive a power cut, and not a crash alone. Then:

- a delivery that was answered 2xx is in the history, by event id and by the hash of its body;
- after the next start, what was cut off, refused or still in flight is taken within a few tries,
  and has reached the handler, where there was one; no key is in flight for ever;
- the database opens and is whole; no lock files pile up; no process is left.

Prints a line a round; exits 1 with what was lost. Everything is on loopback.
"""

import argparse
import asyncio
import contextlib
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

from gooclaim_cli.wire import SigningSecret
from tests.soak.load import Connection, Sent, load
from tests.soak.programs import Handler, Listening, Lost, handler, launched, listening

_CONNECTIONS = 8
_MOST_A_ROUND = 3000
_TRIES = 5
_BETWEEN_TRIES = 0.1
_KILLED_WHILE_STARTING = 0.25  # the share of rounds that begin with a start that is cut short
_ROUND_AT_MOST = 60.0


@dataclass
class Soak:
    """What all rounds have in common, and what was sent so far."""

    home: Path
    random: Random
    handler: Handler
    seconds: float
    secret: SigningSecret = field(default_factory=lambda: SigningSecret("whsec_soak_fake"))
    sent: list[Sent] = field(default_factory=list)
    unsettled: list[Sent] = field(default_factory=list)
    started: int = 0
    forwards: bool = False
    outlives: str = "power-cut"
    kept: set[str] = field(default_factory=set)  # keys that no handler needs to have seen

    @property
    def database(self) -> Path:
        return next(self.home.rglob("*.db"))

    async def round(self) -> str:
        """Start, settle what the last round left, load, kill, check. Returns what to print."""
        started = time.monotonic()
        self.forwards = not self.forwards
        self.outlives = "crash" if self.started // 2 % 2 else "power-cut"
        self.started += 1
        cut_short = await self._perhaps_kill_a_start()
        async with listening(self.home, self._port, self.secret.value, self.outlives) as session:
            await self._check_ready(session)
            killed_after = self.random.uniform(0.05, self.seconds)
            loading = asyncio.create_task(
                load(
                    session.url,
                    self.secret,
                    self.random,
                    connections=_CONNECTIONS,
                    most=_MOST_A_ROUND,
                )
            )
            await asyncio.sleep(killed_after)
            await session.kill()
            sent = await loading
        self.sent += sent
        self._note_kept(sent)
        in_flight = self._check_history()
        self.unsettled = [each for each in sent if not each.acknowledged or each.key in in_flight]
        acknowledged = sum(each.acknowledged for each in sent)
        again = sum(each.acknowledged for each in self.unsettled)
        to = f"{'forwarded' if self.forwards else 'kept'} ({self.outlives})"
        return (
            f"killed after {killed_after:.2f} s{cut_short}: {len(sent)} sent, to be {to},"
            f" {acknowledged} acknowledged, {len(self.unsettled)} to send again ({again} of them"
            f" acknowledged, their key still in flight), {time.monotonic() - started:.1f} s"
        )

    async def finish(self) -> None:
        """Settle what the last round left, end calmly, and see that nothing is in flight."""
        self.forwards = True
        async with listening(self.home, self._port, self.secret.value, self.outlives) as session:
            await self._check_ready(session)
            await session.interrupt()
        in_flight = self._check_history()
        if in_flight:
            raise Lost(f"keys are in flight for ever: {sorted(in_flight)}")
        self._check_locks(0)

    @property
    def _port(self) -> int | None:
        return self.handler.port if self.forwards else None

    def _note_kept(self, sent: list[Sent]) -> None:
        """Without a handler a key is processed with its delivery's commit, acknowledged or not."""
        if not self.forwards:
            self.kept |= {each.key for each in sent}

    async def _perhaps_kill_a_start(self) -> str:
        if self.random.random() >= _KILLED_WHILE_STARTING:
            return ""
        moment = self.random.uniform(0.0, 0.8)
        async with launched(self.home, self._port, self.secret.value, self.outlives) as process:
            await asyncio.sleep(moment)
            process.kill()
        return f" (a start before it after {moment:.2f} s)"

    async def _check_ready(self, session: Listening) -> None:
        """Check a session that has just started: its lock is the only one, the rest is settled."""
        self._check_locks(1)
        with contextlib.closing(Connection(session.url, self.secret)) as connection:
            for sent in self.unsettled:
                await _send_until_taken(connection, sent)
        self._note_kept(self.unsettled)
        taken = await self.handler.taken()
        needed = [e for e in self.sent if e.acknowledged and e.key not in self.kept]
        missed = [e for e in needed if 200 not in taken.get(e.key, [])]
        if missed:
            raise Lost(f"acknowledged, but the handler never took it: {_named(missed)}")

    def _check_locks(self, most: int) -> None:
        locks = sorted(path.name for path in self.home.rglob("sessions/*.lock"))
        if len(locks) > most:
            raise Lost(f"lock files pile up: {locks}")

    def _check_history(self) -> set[str]:
        """Check the database over a connection of its own; return the keys that are in flight."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            ((verdict,),) = connection.execute("PRAGMA integrity_check").fetchall()
            if verdict != "ok":
                raise Lost(f"the database is damaged: {verdict}")
            stored = set(connection.execute("SELECT event_id, body_sha256 FROM delivery"))
            rows = connection.execute(
                "SELECT key FROM idempotency_key WHERE state = 'in_flight'"
            ).fetchall()
        lost = [e for e in self.sent if e.acknowledged and (e.event_id, e.digest) not in stored]
        if lost:
            raise Lost(f"acknowledged, but not in the history: {_named(lost)}")
        return {key for (key,) in rows}


async def _send_until_taken(connection: Connection, sent: Sent) -> None:
    for _ in range(_TRIES):
        status = await connection.send(sent)
        if status is not None and 200 <= status < 300:
            return
        await asyncio.sleep(_BETWEEN_TRIES)
    raise Lost(f"not taken in {_TRIES} tries ({sent.statuses}): {_named([sent])}")


def _named(deliveries: list[Sent]) -> str:
    shown = ", ".join(f"{each.event_id} ({each.key})" for each in deliveries[:10])
    return f"{len(deliveries)} deliveries: {shown}"


async def soak(rounds: int, seed: int, seconds: float) -> int:
    """Run the rounds; return the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gooclaim-soak-") as folder:
        async with handler() as hooks:
            run = Soak(Path(folder), Random(seed), hooks, seconds)
            number = 0
            try:
                for number in range(1, rounds + 1):
                    async with asyncio.timeout(seconds + _ROUND_AT_MOST):
                        print(f"round {number}: {await run.round()}", flush=True)
                async with asyncio.timeout(_ROUND_AT_MOST):
                    await run.finish()
            except (Lost, TimeoutError) as error:
                print(f"round {number}, seed {seed}: LOST: {error or 'too slow'}", flush=True)
                return 1
    acknowledged = sum(each.acknowledged for each in run.sent)
    print(
        f"{rounds} rounds, seed {seed}: {len(run.sent)} deliveries sent, {acknowledged}"
        f" acknowledged, none lost, {time.monotonic() - began:.0f} s"
    )
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        "kill_listen", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seconds-per-round", type=float, default=1.5)
    asked = parser.parse_args(arguments)
    seed = SystemRandom().randrange(2**32) if asked.seed is None else asked.seed
    return asyncio.run(soak(asked.rounds, seed, asked.seconds_per_round))


if __name__ == "__main__":
    sys.exit(main())
