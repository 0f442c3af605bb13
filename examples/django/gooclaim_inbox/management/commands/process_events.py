"""The worker: `manage.py process_events`, once or several times."""

import json
import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from gooclaim_inbox.models import Delivery

PAUSE = 0.5  # seconds between looks for what is due
log = logging.getLogger(__name__)  # of types, ids and kinds of errors: never of data


def process(event: dict[str, Any]) -> None:
    """What your system does with an event.

    It runs again where it raised or its process died, so it must bear being repeated. Events may
    come in another order than they happened: `occurred_at` tells.
    """
    log.info("processed %a %a", event["event_type"], event["event_id"])


class Command(BaseCommand):
    help = "Process the events that were received, until SIGTERM or Ctrl-C."
    stopping = threading.Event()

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())  # it finishes what it is at
        if connection.vendor == "sqlite":  # quicker: a power cut may repeat work
            connection.cursor().execute("PRAGMA synchronous = NORMAL")
        while not self.stopping.is_set():
            try:
                delivery = Delivery.next()
                if delivery is None:
                    Delivery.forget()
                    self.stopping.wait(PAUSE)
                elif delivery.take():
                    self.work_on(delivery)
            except DatabaseError as error:  # a full disk must not end the worker
                log.warning("inbox: %s", error)
                connection.close()
                self.stopping.wait(1)

    def work_on(self, delivery: Delivery) -> None:
        try:
            process(json.loads(delivery.body or b""))
        except Exception as error:
            name = type(error).__name__
            log.warning("failed %a, attempt %d: %s", delivery.key, delivery.attempts, name)
            delivery.fail()
        else:
            delivery.finish()
