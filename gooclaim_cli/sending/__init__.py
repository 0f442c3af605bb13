"""Sending one request over HTTP to an endpoint: limits, outcome, timing, and what went wrong.

Forwarding to a handler and the sandbox's outbound engine send through here.
"""

from gooclaim_cli.sending.outcome import Outcome, SendFailure
from gooclaim_cli.sending.request import Outgoing
from gooclaim_cli.sending.sender import Sender, Sending, client_tls

__all__ = ["Outcome", "Outgoing", "SendFailure", "Sender", "Sending", "client_tls"]
