"""Notices of commands that are soon over: shown as `listen` shows its own."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gooclaim_cli.happenings import Level, Notice

if TYPE_CHECKING:
    from gooclaim_cli.tenant.http import ApiProblem


def notifier(*, as_json: bool) -> Callable[[Level, str, str, str], None]:
    """What shows a notice (level, code, message, hint): on stderr, or as an object on stdout."""
    from gooclaim_cli.cli.consoles import error_console, output_console
    from gooclaim_cli.render.happening_lines import JsonRenderer
    from gooclaim_cli.render.live import LiveRenderer

    renderer = (
        JsonRenderer(sys.stdout)
        if as_json
        else LiveRenderer(output_console(), error_console(), deadline=0.0, print_body=False)
    )

    def notify(level: Level, code: str, message: str, hint: str) -> None:
        renderer.show(Notice(at=time.time(), level=level, code=code, message=message, hint=hint))
        renderer.flush()

    return notify


def retry_teller(*, as_json: bool) -> "Callable[[ApiProblem, float], None]":
    """What tells that a call of the API is tried again."""

    def tell(problem: "ApiProblem", wait: float) -> None:
        message = f"{problem.message}; again in {wait:.1f} s"
        notifier(as_json=as_json)(Level.INFO, "api_retry", message, "")

    return tell


def waiting_teller(*, as_json: bool) -> Callable[[], None]:
    """What tells that the keyring takes its time: it may be asking for its password."""

    def tell() -> None:
        message = "waiting for the keyring, which may be asking to be unlocked"
        notifier(as_json=as_json)(Level.INFO, "keyring_waiting", message, "")

    return tell
