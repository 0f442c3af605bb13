"""What a scenario's file is made of: members, and the text that may stand in them. Pure.

`reading` reads by it and `schema` tells editors of it, so that both say the same.
"""

from types import MappingProxyType
from typing import Final

from gooclaim_cli.fixtures.placeholders import NAMES as _PLACEHOLDERS

MOST_TIMES: Final = 1000
LONGEST_SPAN: Final = 366 * 86400  # seconds

NAME: Final = r"[A-Za-z0-9_.-]{1,64}"
VALUE: Final = r"[a-z_]+(_[0-9]+)?"
_NUMBERS: Final = ("unix_time", "lookups", "seconds", "bytes")
# What a built-in placeholder stands for keeps its type: events have it in their members.
NUMBER_VALUE: Final = rf"({'|'.join(_NUMBERS)})(_[0-9]+)?"
TEXT_VALUE: Final = (
    rf"({'|'.join(name for name in _PLACEHOLDERS if name not in _NUMBERS)})(_[0-9]+)?"
)
EVENT: Final = r"[!-~]{1,200}"
STATUS: Final = r"[1-5]([xX][xX]|[0-9][0-9])"

SCENARIO: Final = MappingProxyType(
    {
        "title": "What happens, in one sentence.",
        "about": "What else there is to know.",
        "values": "What placeholders stand for in the whole story: claim-status for workflow_type.",
        "steps": "What happens, in its order.",
    }
)
STEP: Final = MappingProxyType(
    {
        "event": "The type of a new event.",
        "again": "The name of a step above, whose deliveries are sent again: same bodies and keys.",
        "name": "What other steps call this one.",
        "note": "What to look at; it is shown.",
        "after": "How long after the step before it happens: 40s, 5m, 72h.",
        "times": "How often.",
        "every": "How long lies between two times.",
        "at_once": "Whether all times are at once.",
        "arrives_behind": "The name of a step below that overtakes this one.",
        "fault": "How it is broken, as by send-test --fault.",
        "data": "Members of the event's data; placeholders like {claim} and {doc_2} are filled in.",
        "expect": "What is right. Without it, what a correct handler answers.",
    }
)
EXPECT: Final = MappingProxyType(
    {
        "status": "The status that is right: 200, 2xx, or a list of them.",
        "within": "How long the answer may take.",
        "duplicate": "Send it once more when it has been answered: the status that is right then.",
    }
)
