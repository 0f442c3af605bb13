"""Writing to a terminal: lines of rich Text, their width, their colour, the marks they use.

Owns how a line reaches the stream. Lines go there directly, not through `Console.print`: that one
ends the process where a pipe was closed, and wraps what has to stay copyable. What is written here
was escaped before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, chop_cells
from rich.console import COLOR_SYSTEMS, Console
from rich.text import Text

# What our own sentences use beyond ASCII, for a stream that cannot take it.
_PLAINER: Final = str.maketrans({"—": "-", "–": "-", "…": "...", "→": "->", "·": "-"})


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The marks that lines are made of; `cut` takes one cell."""

    yes: str
    no: str
    arrow: str
    cut: str


_UNICODE: Final = Glyphs(yes="✓", no="✗", arrow="→", cut="…")
_ASCII: Final = Glyphs(yes="ok", no="no", arrow="->", cut="~")


def glyphs_for(console: Console) -> Glyphs:
    """The marks that the console's encoding can take."""
    try:
        "✓✗→…".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return _ASCII
    return _UNICODE


def has_colour(console: Console) -> bool:
    """Whether escape sequences may be written: to a terminal that wants them, never elsewhere."""
    return (
        console.color_system is not None
        and not console.no_color
        and not console.legacy_windows
        and console.is_terminal
    )


def write_lines(console: Console, lines: Iterable[Text]) -> None:
    """Write lines and flush. An OSError of the stream goes through."""
    if console.quiet:
        return
    stream, encoding, colour = console.file, console.encoding, has_colour(console)
    for line in lines:
        line.rstrip()
        painted = _paint(console, line) if colour else line.plain
        stream.write(_encodable(painted, encoding) + "\n")
    stream.flush()


def _paint(console: Console, line: Text) -> str:
    system = COLOR_SYSTEMS[console.color_system or "standard"]
    whole = console.get_style(line.style)  # rich leaves it out where no part has one of its own
    return "".join(
        (segment.style or whole).render(segment.text, color_system=system)
        for segment in line.render(console)
    )


def _encodable(text: str, encoding: str) -> str:
    if encoding.startswith("utf") or text.isascii():
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plainer = text.translate(_PLAINER)
        return plainer.encode(encoding, "backslashreplace").decode(encoding)
    return text


def pad(text: str, width: int) -> str:
    """Fill text with spaces to so many cells."""
    return text + " " * max(0, width - cell_len(text))


def wrap_words(text: str, *, width: int | None, indent: str = "", hanging: str = "") -> list[str]:
    """Break a sentence at its spaces: the first line after `indent`, the others after `hanging`.

    A URL is never broken, another word only where it is longer than a line. No width, no breaks.
    """
    if width is None:
        return [indent + text]
    lines: list[str] = []
    line = indent
    for word in _breakable(text, max(1, width - max(len(indent), len(hanging)))):
        gap = "" if line in (indent, hanging) else " "
        if gap and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line, gap = hanging, ""
        line += gap + word
    return [*lines, line]


def _breakable(text: str, width: int) -> list[str]:
    words: list[str] = []
    for word in text.split(" "):
        whole = "://" in word or cell_len(word) <= width
        words.extend([word] if whole else chop_cells(word, width))
    return words


def fold(line: Text, *, width: int | None) -> list[Text]:
    """Break a line of data at the width, every character kept; one with a URL stays whole."""
    if width is None or cell_len(line.plain) <= width or "://" in line.plain:
        return [line]
    offsets: list[int] = []
    for part in chop_cells(line.plain, max(2, width))[:-1]:
        offsets.append((offsets[-1] if offsets else 0) + len(part))
    return list(line.divide(offsets))


def fold_width(console: Console) -> int | None:
    """Where long lines are broken: at a terminal's edge; what goes to a file stays whole."""
    return console.width if console.is_terminal else None


def facts(
    rows: Iterable[tuple[str, str]], *, width: int | None, indent: str = "", style: str = ""
) -> list[Text]:
    """Lay out `label  value` lines with their values aligned; both are escaped already.

    A label that would leave values less than half of the width has a line of its own, and so has a
    URL that would not fit beside its label.
    """
    rows = list(rows)
    margin = len(indent) + max((len(label) for label, _ in rows), default=0) + 2
    if width is not None:
        margin = min(margin, width // 2)
    lines: list[Text] = []
    for label, value in rows:
        first, *others = wrap_words(value, width=width, indent=" " * margin, hanging=" " * margin)
        head = Text().append(f"{indent}{label.rstrip()}".ljust(margin), style="dim")
        if width is not None and cell_len(first) > width:  # it may fit where it has a line
            lines.append(Text(head.plain.rstrip(), style="dim"))
            lines.append(Text(f"{indent}  {first[margin:]}", style=style))
        elif cell_len(head.plain.rstrip()) >= margin:
            lines.extend(fold(head, width=width))
            others.insert(0, first)
        else:
            lines.append(head.append(first[margin:], style=style))
        lines.extend(Text(other, style=style) for other in others)
    return lines
