"""Downloading ngrok's agent, by pyngrok's installer, into our own folder.

Only after a person has agreed: this module does not ask.
"""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gooclaim_cli.errors import TunnelError


def download(path: Path) -> None:
    """Download the newest agent to `path`, showing the progress on stderr. Raises TunnelError.

    The file appears when it is whole.
    """
    from pyngrok import installer
    from pyngrok.exception import PyngrokError

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".ngrok-", dir=path.parent) as folder,
        _temporary_files_in(folder),
        contextlib.redirect_stdout(sys.stderr),  # pyngrok's progress goes to stdout
    ):
        half = Path(folder) / path.name
        try:
            installer.install_ngrok(str(half))
            half.replace(path)
        except (PyngrokError, OSError) as error:
            reason = str(error).rpartition(": ")[2] or type(error).__name__
            sys.stderr.write("\n")
            raise TunnelError(
                f"ngrok cannot be downloaded: {reason}",
                "get it from https://ngrok.com/download, or use --tunnel cloudflared",
            ) from None


@contextlib.contextmanager
def _temporary_files_in(folder: str) -> Iterator[None]:
    """pyngrok writes the archive under a name that everybody knows: not where everybody may."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before
