"""What to look at when a handler does not take verified deliveries: told once a kind.

Pure. Nothing of an answer is in it but the status.
"""

from typing import Final

from gooclaim_cli.happenings import Delivered, HandlerAnswer, Happening, Level, Notice, Ready

_COMMAND: Final = "gooclaim webhook secret --reveal"
_SHOWN: Final = "--print-body shows what it answered"


class Advice:
    """Looks at what happens, in its order, and knows what was advised already."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._sandbox = False

    def on(self, happening: Happening) -> Notice | None:
        """What to tell behind this, if there is anything new to say."""
        if isinstance(happening, Ready):
            self._sandbox = happening.sandbox is not None
        if not isinstance(happening, Delivered) or happening.handler is None:
            return None
        code = _code(happening.handler)
        if code is None or code in self._given:
            return None
        self._given.add(code)
        message, hint = self._words(code, happening.handler)
        return Notice(at=happening.at, level=Level.WARNING, code=code, message=message, hint=hint)

    def _words(self, code: str, answer: HandlerAnswer) -> tuple[str, str]:
        answered = f"the handler answered {answer.status}"
        match code:
            case "handler_refuses":
                where = "shown at the start" if self._sandbox else _COMMAND
                return (
                    f"{answered}; verified here, so its own check said no",
                    f"does it have this session's signing secret ({where})?\n"
                    f"does it check the raw body, byte for byte as it came?\n{_SHOWN}",
                )
            case "handler_redirects":
                return (
                    f"{answered}: a redirect counts as a failure, and is not followed",
                    "have the handler answer at the URL itself, which may lack a / at its end,"
                    f" or have one too many: {answer.url}",
                )
            case "handler_lacks_path":
                return f"{answered}: does it take POST at {answer.url}?", _SHOWN
        return f"{answered}: whatever is not 2xx counts as a failure", _SHOWN


def _code(answer: HandlerAnswer) -> str | None:
    """The kind of a handler's failure; None for a success, and where there is no answer."""
    status = answer.status
    if status is None or answer.succeeded or answer.error is not None:
        return None
    if status in (401, 403):
        return "handler_refuses"
    if status in (404, 405):
        return "handler_lacks_path"
    return "handler_redirects" if 300 <= status < 400 else "handler_fails"
