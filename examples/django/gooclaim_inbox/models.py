"""The inbox: what was stored before it was answered, and what became of it."""

import time
from typing import Any, Self

from django.db import models

LEASE = 10 * 60  # longer than any work takes: what is still in flight then has died
KEEP = 7 * 24 * 60 * 60  # how long a processed key is known


class Delivery(models.Model):
    """An idempotency key and its event.

    `due` (UNIX seconds) is when something is to be done about it: work, look after work that never
    ended, try again, forget.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        IN_FLIGHT = "in flight"
        FAILED = "failed"
        PROCESSED = "processed"

    key = models.CharField(primary_key=True, max_length=255)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    due = models.FloatField(default=time.time)
    attempts = models.PositiveIntegerField(default=0)
    body = models.BinaryField(null=True)

    class Meta:
        indexes = (models.Index(fields=["state", "due"], name="gooclaim_agenda"),)

    @classmethod
    def arrive(cls, key: str, body: bytes) -> None:
        """Claim a key for its event, unless that was done before. A failed one is free again."""
        _, is_new = cls.objects.get_or_create(key=key, defaults={"body": body})
        if not is_new:
            cls.objects.filter(key=key, state=cls.State.FAILED).update(due=time.time())

    @classmethod
    def next(cls) -> Self | None:
        """What is to be worked on now."""
        due = cls.objects.filter(due__lte=time.time()).exclude(state=cls.State.PROCESSED)
        return due.order_by("due").first()

    @classmethod
    def forget(cls) -> None:
        cls.objects.filter(state=cls.State.PROCESSED, due__lte=time.time()).delete()

    def take(self) -> bool:
        """Whether it is ours to work on: of several that try, one succeeds."""
        due, attempts = time.time() + LEASE, self.attempts + 1
        return self._change(state=self.State.IN_FLIGHT, due=due, attempts=attempts)

    def fail(self) -> None:
        wait = min(2 ** (self.attempts - 1), 3600)
        self._change(state=self.State.FAILED, due=time.time() + wait)

    def finish(self) -> None:
        self._change(state=self.State.PROCESSED, due=time.time() + KEEP, body=None)

    def _change(self, **values: Any) -> bool:
        """Change the row, unless it is no more as it was read."""
        same = type(self).objects.filter(key=self.key, state=self.state, attempts=self.attempts)
        for name, value in values.items():
            setattr(self, name, value)
        return same.update(**values) == 1
