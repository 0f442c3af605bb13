"""What the tests of a webhook handler need: signed deliveries, and a sandbox that runs.

`gooclaim_cli.pytest_plugin` makes fixtures of it; without pytest it serves as well:

with running_sandbox() as sandbox:
    sandbox.point_at("http://127.0.0.1:8000/hooks")
    assert sandbox.emit("workflow.completed").outcome().state == "delivered"
"""

from gooclaim_cli.testing.events import EventFactory, SignedDelivery
from gooclaim_cli.testing.outcomes import EmittedEvent
from gooclaim_cli.testing.sandboxes import RunningSandbox, running_sandbox

__all__ = [
    "EmittedEvent",
    "EventFactory",
    "RunningSandbox",
    "SignedDelivery",
    "running_sandbox",
]
