"""How an error is told, and whatever else is a sentence with a hint: calmly, line by line."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.terminal import fold_width, wrap_words, write_lines


def show_error(error: GooclaimError, console: Console) -> None:
    """Write `error: message`, its details and its hint below it. An OSError goes through."""
    lines = message_lines(
        "error: ", error.message, error.hint, console, style="red", details=error.details
    )
    write_lines(console, lines)


def message_lines(
    word: str,
    message: str,
    hint: str,
    console: Console,
    *,
    style: str,
    details: Sequence[str] = (),
) -> list[Text]:
    """Lay out a sentence after its word; below it, indented, a line a detail, and those of a hint.

    A message is one sentence, and so is a detail: it may quote what came off the wire, and a line
    break in that would make a hint of somebody else's.
    """
    sentences = [("", "  ", word + visible(message), style)]
    sentences += [("  ", "    ", visible(each), "") for each in details]
    sentences += [("  ", "  ", visible(each), "dim") for each in hint.split("\n") if each.strip()]
    return [
        Text(part, style=how)
        for indent, hanging, sentence, how in sentences
        for part in wrap_words(sentence, width=fold_width(console), indent=indent, hanging=hanging)
    ]
