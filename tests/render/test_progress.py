"""A bar is shown on a terminal alone, and only for what takes long."""

import io

import pytest
from rich.console import Console

from gooclaim_cli.render import progress
from gooclaim_cli.render.progress import progress_bar


def shown(*, terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=80)
    with progress_bar(console, "Exporting") as bar:
        for share in (0.25, 0.5, 1.0):
            bar.show(share)
    return stream.getvalue()


def test_what_is_done_soon_has_no_bar() -> None:
    assert shown(terminal=True) == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_what_takes_long_has_one_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    assert ("Exporting" in shown(terminal=terminal)) == terminal
