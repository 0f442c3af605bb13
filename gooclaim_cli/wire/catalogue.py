"""The event types of the published catalogue (v1.0), what each means, and the values it names.

A type that is not listed here is not an error: more come in later versions of the catalogue.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class EventType:
    """A type's name on the wire and when Gooclaim sends it."""

    name: str
    description: str


_TYPES = (
    EventType("workflow.started", "a workflow begins (any of the three)"),
    EventType(
        "workflow.consent_required", "the claimant has no consent on file; Gooclaim is asking"
    ),
    EventType("workflow.consent_granted", "the claimant gave DPDP consent"),
    EventType("workflow.completed", "the workflow finished happily"),
    EventType(
        "workflow.policy_blocked", "the Policy Gate blocked the output; a human must follow up"
    ),
    EventType("workflow.timed_out", "Pending Documents waited too long (72 h)"),
    EventType("pending_docs.uploaded", "a document was uploaded; the payload includes its ref"),
    EventType("claim.fraud_suspect", "5 or more NOT_FOUND lookups on the same claim id"),
    EventType(
        "operational_mode.changed",
        "the tenant's mode flipped: OPERATIONAL, RESTRICTED or SUSPENDED",
    ),
)

CATALOGUE: Final = MappingProxyType({each.name: each for each in _TYPES})
WORKFLOW_TYPES: Final = ("claim-status", "pending-documents", "query-reason")
OPERATIONAL_MODES: Final = ("OPERATIONAL", "RESTRICTED", "SUSPENDED")
