"""The ASGI app that Gooclaim's POSTs reach, and what it does with a delivery.

Its options are light; the app and what it forwards with are loaded when they are asked for.
"""

from typing import TYPE_CHECKING, Any

from gooclaim_cli.receiver.options import MAX_BODY, ReceiverOptions

if TYPE_CHECKING:
    from gooclaim_cli.receiver.app import Receiver
    from gooclaim_cli.receiver.forwarding import Forwarder

__all__ = ["MAX_BODY", "Forwarder", "Receiver", "ReceiverOptions"]


def __getattr__(name: str) -> Any:
    if name == "Receiver":
        from gooclaim_cli.receiver.app import Receiver

        return Receiver
    if name == "Forwarder":
        from gooclaim_cli.receiver.forwarding import Forwarder

        return Forwarder
    raise AttributeError(name)
