"""`replay --as pytest`: tests that pin what was answered, written to a folder."""

import sys
import time
from pathlib import Path
from random import SystemRandom

from gooclaim_cli import private_files
from gooclaim_cli.cli.consoles import output_console
from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.aims import Aim
from gooclaim_cli.firing.disguise import Disguise
from gooclaim_cli.firing.pinning import Pin, pin
from gooclaim_cli.firing.replays import Original
from gooclaim_cli.render import replaying as shown
from gooclaim_cli.render.json_lines import write_object
from gooclaim_cli.render.terminal import write_lines
from gooclaim_cli.settings import Settings


def pins(
    originals: tuple[Original, ...], aims: tuple[Aim, ...], known: Settings, *, keep_data: bool
) -> list[Pin]:
    """Make a test each that pins what was answered. Raises GooclaimError."""
    disguise = Disguise(SystemRandom())
    return [
        pin(
            original,
            url=aim.url,
            signed_content=known.signed_content,
            disguise=disguise,
            keep_data=keep_data,
        )
        for original, aim in zip(originals, aims, strict=True)
    ]


def write_pins(pins: list[Pin], folder: Path, *, force: bool, as_json: bool) -> None:
    """Write the tests, readable by their owner alone. Raises UsageError over one that exists."""
    for each in pins:
        if not force and (folder / each.test_name).exists():
            raise UsageError(f"{folder / each.test_name} exists", "add --force to replace it")
    for each in pins:
        test, body = folder / each.test_name, folder / each.body_name
        private_files.write(body, each.body)
        private_files.write(test, each.test.encode())
        if as_json:
            write_object(shown.pin_object(test, body, at=time.time()), sys.stdout)
        else:
            write_lines(output_console(), shown.pin_lines(test))
