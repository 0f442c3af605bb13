"""What the receiver goes by."""

from dataclasses import dataclass
from typing import Final

from gooclaim_cli.wire import DEFAULT_TOLERANCE, SignedContent
from gooclaim_cli.wire.handling import DEADLINE

MAX_BODY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverOptions:
    """What the receiver goes by. `events` is a glob: what does not fit is stored, not shown.

    `home_answers`: the home URL's answer counts, not the handler's (`home_first`); with
    `unverified` for what is not verified, too.
    """

    path: str
    tenant_id: str | None = None
    tolerance: float = DEFAULT_TOLERANCE
    signed_content: SignedContent = SignedContent.BODY
    max_body: int = MAX_BODY
    deadline: float = DEADLINE
    events: str = "*"
    forward_duplicates: bool = False
    home_answers: bool = False
    unverified: bool = False
