"""The ASGI app that Gooclaim's POSTs reach, and what it does with a delivery."""

from gooclaim_cli.receiver.app import MAX_BODY, Receiver, ReceiverOptions
from gooclaim_cli.receiver.forwarding import DEADLINE, Forwarder
from gooclaim_cli.receiver.targets import parse_target

__all__ = ["DEADLINE", "MAX_BODY", "Forwarder", "Receiver", "ReceiverOptions", "parse_target"]
