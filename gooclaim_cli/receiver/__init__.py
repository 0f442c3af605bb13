"""The ASGI app that Gooclaim's POSTs reach, and what it does with a delivery."""

from gooclaim_cli.receiver.app import MAX_BODY, Receiver, ReceiverOptions
from gooclaim_cli.receiver.forwarding import Forwarder

__all__ = ["MAX_BODY", "Forwarder", "Receiver", "ReceiverOptions"]
