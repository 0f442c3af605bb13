"""Gooclaim's side, as the tests of the examples play it: events that tell the work what to do."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from random import SystemRandom
from typing import Final

import httpx
import msgspec

from gooclaim_cli.firing.jobs import Job, faults_of, run_job
from gooclaim_cli.firing.range import Conditions, Fired, Range
from gooclaim_cli.firing.samples import Recipe
from gooclaim_cli.firing.shots import Sample, Signer, envelope_of
from gooclaim_cli.sending import Sender
from gooclaim_cli.stories.library import find
from gooclaim_cli.stories.playing import Player, Telling, Timed
from gooclaim_cli.wire import SigningSecret

SECRET: Final = "whsec_obviously_fake"
OLD_SECRET: Final = "whsec_obviously_fake_too"
_SIGNER: Final = Signer(SigningSecret(SECRET))


def event(event_type: str = "workflow.completed", **data: object) -> Sample:
    """An event of a type, with more members in its data."""
    sample = Recipe(event_type=event_type).make(now=time.time(), random=SystemRandom())
    envelope = envelope_of(sample)
    return replace(
        sample, body=msgspec.json.encode({**envelope, "data": {**envelope["data"], **data}})
    )


class Gooclaim:
    """Delivers to one URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        # Servers give up connections that are idle; a new one each time cannot meet with that.
        no_reuse = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=10, limits=no_reuse)

    def __enter__(self) -> "Gooclaim":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def deliver(self, sample: Sample, *, secret: str = SECRET, **headers: str | None) -> int:
        """Deliver an event; returns the status. A header that is None is left out."""
        signed = Signer(SigningSecret(secret)).sign(sample, at=time.time())
        more = {f"X-Gooclaim-{name.replace('_', '-')}": value for name, value in headers.items()}
        headers = {**dict(signed.headers), **more}
        kept = [(name.encode(), value.encode()) for name, value in headers.items() if value]
        return self.client.post("/", content=signed.body, headers=kept).status_code

    def fire(self, faults: Sequence[str]) -> list[Fired]:
        """Fire faults, as `send-test` does."""
        return asyncio.run(self._fire(faults))

    def play(self, story: str) -> list[tuple[Fired, bool]]:
        """Play a shipped story without its pauses; each request, and whether it held."""
        return asyncio.run(self._play(story))

    def deliver_at_once(self, sample: Sample, times: int) -> list[int]:
        """Deliver an event several times at once, each on a connection of its own."""

        async def send() -> list[int]:
            signed = _SIGNER.sign(sample, at=time.time())
            async with httpx.AsyncClient(trust_env=False) as client:
                posts = (
                    client.post(self.url, content=signed.body, headers=list(signed.headers))
                    for _ in range(times)
                )
                return [answer.status_code for answer in await asyncio.gather(*posts)]

        return asyncio.run(send())

    async def _fire(self, faults: Sequence[str]) -> list[Fired]:
        job = Job(Recipe(), _SIGNER, faults=faults_of(faults), slow=0.1)
        async with self._range() as to:
            return [fired async for volley in run_job(job, to) for fired in volley]

    async def _play(self, story: str) -> list[tuple[Fired, bool]]:
        telling = Telling(signer=_SIGNER, tenant_id="tnt_test", random=SystemRandom(), slow=0.1)
        async with self._range() as to:
            player = Player(find(story).read(), telling, to, Timed(speed=1e6))
            return [(x.fired, x.held) async for played in player.play() for x in played.requests]

    @contextlib.asynccontextmanager
    async def _range(self) -> AsyncIterator[Range]:
        async with Sender() as sender:
            yield Range(Conditions(to=self.url), sender, random=SystemRandom())
