r"""How JSON writers spell strings: which characters they escape, and how.

Python, PHP     beyond ASCII as \u00e9
PHP             / as \/, too
JavaScript      nothing that need not be
Go              < > & as \u003c \u003e \u0026
.NET            those and ' + ` and " as \u0022, digits in upper case
Gson (Java)     < > & = ' as \u003c …
"""

import functools
import json
import re
from typing import Final

_CONTROLS: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_BEYOND: Final = r"\x80-\U0010ffff"


class Style:
    """One writer's way: a class of characters that it escapes beyond those that must be."""

    def __init__(
        self, name: str, escaped: str, *, upper: bool = False, slash: bool = False
    ) -> None:
        self.name = name
        self._pattern = re.compile(rf'[\x00-\x1f"\\{escaped}{"/" if slash else ""}]')
        self._digits = "04X" if upper else "04x"
        self._own = {"/": "\\/"} if slash else {}
        self._quote_as_code = '"' in escaped
        self.spell = functools.lru_cache(maxsize=4096)(self._spell)

    def _spell(self, text: str) -> str:
        """Spell a string again, given and returned with its quotes."""
        try:
            plain = json.loads(text, strict=False)
        except ValueError:
            return text
        return f'"{self._pattern.sub(self._escape, plain)}"'

    def _escape(self, match: re.Match[str]) -> str:
        character = match[0]
        if character in self._own:
            return self._own[character]
        if character in _CONTROLS and not (character == '"' and self._quote_as_code):
            return _CONTROLS[character]
        code = ord(character)
        if code > 0xFFFF:
            code -= 0x10000
            pair = 0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)
            return "".join(f"\\u{unit:{self._digits}}" for unit in pair)
        return f"\\u{code:{self._digits}}"


STYLES: Final[tuple[Style, ...]] = (
    Style("with nothing escaped that need not be", ""),
    Style("with non-ASCII escaped", _BEYOND),
    Style("with `/` escaped, non-ASCII too, as PHP does", _BEYOND, slash=True),
    Style("with `/` escaped", "", slash=True),
    Style("with `<`, `>` and `&` escaped, as Go does", "<>&\u2028\u2029"),
    Style(
        "with non-ASCII, quotes and HTML escaped, as .NET does",
        _BEYOND + "<>&'+`\"\x7f",
        upper=True,
    ),
    Style("with HTML and `=` escaped, as Gson does", "<>&='\u2028\u2029"),
    Style("with non-ASCII escaped in upper case", _BEYOND, upper=True),
)
