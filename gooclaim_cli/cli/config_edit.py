"""`gooclaim config edit`: config.toml in the person's own editor."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from gooclaim_cli.errors import ConfigurationError


def edit() -> None:
    """Open config.toml in your editor (VISUAL or EDITOR); a broken one is not saved."""
    from gooclaim_cli import config_editing, settings
    from gooclaim_cli.cli.consoles import error_console
    from gooclaim_cli.cli.prompts import agree, somebody_there
    from gooclaim_cli.render.errors import show_error

    where = settings.places(os.environ).config

    def try_again(error: ConfigurationError) -> bool:
        if not somebody_there():
            return False
        show_error(error, error_console())
        return agree("Edit it again? What you wrote is lost otherwise", default=True)

    if not config_editing.edit(where, _run_editor, try_again, settings.KEYS):
        sys.stderr.write(f"Nothing was changed in {where}.\n")


def _run_editor(copy: Path) -> None:
    """Run the editor to its end. Raises ConfigurationError where it fails."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    editor = named or ("notepad" if sys.platform == "win32" else "vi")
    try:
        command = shlex.split(editor, posix=sys.platform != "win32")
        done = subprocess.run([*command, str(copy)], check=False)  # noqa: S603 - the user's own
    except (OSError, ValueError, IndexError):
        raise ConfigurationError(
            f"the editor {editor!r} cannot be run", "set EDITOR to the program that you use"
        ) from None
    if done.returncode != 0:
        raise ConfigurationError(
            f"the editor {editor!r} ended with {done.returncode}; nothing was changed",
            "set EDITOR to the program that you use",
        )
