"""The layouts in which common programs write JSON, and what to do where one wrote a body again."""

from typing import Final

from gooclaim_cli.wire.diagnosis.json_text import Layout

COMPACT: Final = Layout()
SPACED: Final = Layout(comma=", ", colon=": ")
LAYOUTS: Final = (
    ("compact", COMPACT),
    ("spaced, as Python's json.dumps writes it", SPACED),
    ("indented by 2", Layout(colon=": ", indent="  ")),
    ("indented by 4", Layout(colon=": ", indent="    ")),
    ("indented by a tab", Layout(colon=": ", indent="\t")),
    (
        "indented by 2 with spaces around colons, as Jackson writes it",
        Layout(colon=" : ", indent="  "),
    ),
    ("compact with a space after colons", Layout(colon=": ")),
    ("compact with a space after commas", Layout(comma=", ")),
)
PARSED_FIX: Final = (
    "verify the raw bytes, before anything parses them: request.get_data() in Flask, await"
    " request.body() in FastAPI, request.body in Django, express.raw() in Express, php://input in"
    " PHP"
)


def told(layout: str, rest: str) -> str:
    """Name a layout, and what else is special about a form."""
    return f"{layout}, {rest}" if rest else layout
