"""A local Gooclaim: its API, its outbound engine, its certificates, on this machine alone.

async with run_sandbox(SandboxOptions(), folder=private_folder) as sandbox:
    print(sandbox.ready.api_url)

It speaks both parts of the contract. Every run is a tenant of its own.
"""

from gooclaim_cli.sandbox.behaviour import ApiBehaviour, Behaviour, parse_behaviour
from gooclaim_cli.sandbox.options import SandboxOptions
from gooclaim_cli.sandbox.outbound import Attempt, DeliveryState, OutboundDelivery, OutboundEvent
from gooclaim_cli.sandbox.running import Sandbox, run_sandbox

__all__ = [
    "ApiBehaviour",
    "Attempt",
    "Behaviour",
    "DeliveryState",
    "OutboundDelivery",
    "OutboundEvent",
    "Sandbox",
    "SandboxOptions",
    "parse_behaviour",
    "run_sandbox",
]
