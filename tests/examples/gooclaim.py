"""Gooclaim's side, as the tests of the examples play it: events that tell the work what to do."""

import asyncio
import time
from collections.abc import Sequence
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
from gooclaim_cli.wire import SigningSecret

SECRET: Final = "whsec_obviously_fake"
OLD_SECRET: Final = "whsec_obviously_fake_too"


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
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=10)

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

    def deliver_at_once(self, sample: Sample, times: int) -> list[int]:
        """Deliver an event several times at once, each on a connection of its own."""

        async def send() -> list[int]:
            signed = Signer(SigningSecret(SECRET)).sign(sample, at=time.time())
            async with httpx.AsyncClient(trust_env=False) as client:
                posts = (
                    client.post(self.url, content=signed.body, headers=list(signed.headers))
                    for _ in range(times)
                )
                return [answer.status_code for answer in await asyncio.gather(*posts)]

        return asyncio.run(send())

    async def _fire(self, faults: Sequence[str]) -> list[Fired]:
        job = Job(Recipe(), Signer(SigningSecret(SECRET)), faults=faults_of(faults), slow=0.1)
        async with Sender() as sender:
            to = Range(Conditions(to=self.url), sender, random=SystemRandom())
            return [fired async for volley in run_job(job, to) for fired in volley]
