"""`gooclaim config`: look at and change the settings of config.toml."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import options
from gooclaim_cli.cli.config_edit import edit
from gooclaim_cli.config_file import DEFAULT_PROFILE

if TYPE_CHECKING:
    from gooclaim_cli.setting_keys import Key

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)


def _names(incomplete: str) -> list[tuple[str, str]]:
    """What a shell completes a setting with: names, and what each means."""
    from gooclaim_cli.settings import KEYS

    return [(name, key.meaning) for name, key in KEYS.items() if name.startswith(incomplete)]


Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A setting, as `config list` names it.",
        autocompletion=_names,
    ),
]


@app.callback()
def config() -> None:
    """Look at and change the settings of config.toml.

    Each also has an environment variable, which goes over the file.
    """


@app.command("list")
def list_(profile: options.Profile = None, as_json: options.AsJson = False) -> None:
    """List every setting, its value, and where that came from. Secrets are masked."""
    from gooclaim_cli import accounts
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.cli.notices import notifier
    from gooclaim_cli.render import settings as shown
    from gooclaim_cli.render.json_lines import write_object

    explained = accounts.explain({"profile": profile})
    accounts.warn_if_exposed(notifier(as_json=as_json))
    if as_json:
        for each in explained:
            write_object(shown.setting_object(each, at=time.time()), sys.stdout)
    else:
        shown.show_settings(explained, output_console())


@app.command()
def get(
    name: Name,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show a secret as it is.")] = False,
    profile: options.Profile = None,
    as_json: options.AsJson = False,
) -> None:
    """Print the value of one setting, wherever it comes from."""
    from gooclaim_cli import accounts
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.errors import ExitCode
    from gooclaim_cli.render import settings as shown
    from gooclaim_cli.render.json_lines import write_object

    key = _key(name)
    (found,) = (each for each in accounts.explain({"profile": profile}) if each.key is key)
    if reveal:
        found = accounts.revealed(found, {"profile": profile})
    if as_json:
        write_object(shown.setting_object(found, at=time.time(), reveal=reveal), sys.stdout)
    elif found.value is not None:
        shown.show_value(found, output_console(), reveal=reveal)
    raise typer.Exit(ExitCode.OK if found.value is not None else ExitCode.REFUSED)


@app.command("set")
def set_(
    name: Name,
    value: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VALUE]...",
            help="The value; several where the setting takes several. A secret is asked for, or"
            " read from standard input.",
            show_default=False,
        ),
    ] = None,
    profile: options.Profile = None,
) -> None:
    """Write a setting into config.toml, or into its profile."""
    from gooclaim_cli import config_editing, settings
    from gooclaim_cli.cli.consoles import error_console
    from gooclaim_cli.render import settings as shown

    key = _key(name)
    given = _given(key, value)
    _check(key, given)
    target = _target(key, profile)
    if key.name == "profile":
        settings.load({"profile": str(given)})  # it must be there
    found = settings.load({"profile": target}, new_profile=True)
    config_editing.change(
        found.places.config, {key.name: given}, profile=found.profile, known=settings.KEYS
    )
    chosen = {"profile": found.profile or DEFAULT_PROFILE}
    (now,) = (each for each in settings.explain(chosen) if each.key is key)
    shown.show_override(now, error_console())


@app.command()
def unset(name: Name, profile: options.Profile = None) -> None:
    """Remove a setting from config.toml, or from its profile."""
    from gooclaim_cli import config_editing, settings

    key = _key(name)
    found = settings.load({"profile": _target(key, profile)})
    config_editing.change(
        found.places.config, {key.name: None}, profile=found.profile, known=settings.KEYS
    )


@app.command()
def path() -> None:
    """Print where config.toml is, or would be."""
    import os

    from gooclaim_cli import settings

    print(settings.places(os.environ).config)  # noqa: T201 - this is the output


app.command()(edit)


def _key(name: str) -> "Key":
    """The setting of that name, or UsageError with the one that was meant."""
    import difflib

    from gooclaim_cli.errors import UsageError
    from gooclaim_cli.settings import KEYS

    if name in KEYS:
        return KEYS[name]
    close = difflib.get_close_matches(name, KEYS, 1)
    raise UsageError(
        f"there is no setting {name!r}",
        f"did you mean {close[0]!r}?" if close else "gooclaim config list names all there are",
    )


def _given(key: "Key", value: list[str] | None) -> str | list[str]:
    """The value to be written. A secret never comes from the command line."""
    from pathlib import Path

    from gooclaim_cli.cli.prompts import ask_secret, somebody_there
    from gooclaim_cli.cli.secret_input import read_secret
    from gooclaim_cli.errors import UsageError

    if key.secret:
        if value:
            raise UsageError(
                f"{key.name} is a secret, and what is written on a command line is seen by others",
                "leave the value out: it is asked for, or read from standard input",
            )
        return ask_secret(key.name) if somebody_there() else read_secret(Path("-"))
    if not value or not all(value):
        raise UsageError(
            f"{key.name} needs a value", f"to remove it: gooclaim config unset {key.name}"
        )
    if len(value) > 1 and not key.several:
        raise UsageError(f"{key.name} has one value", "put it into quotes")
    return value if key.several else value[0]


def _check(key: "Key", given: str | list[str]) -> None:
    """Refuse a value that the setting cannot have: what is typed wrong is wrong usage."""
    from gooclaim_cli.errors import ConfigurationError, UsageError

    try:
        key.read(key, given)
    except ConfigurationError as error:
        raise UsageError(error.message, error.hint) from None


def _target(key: "Key", profile: str | None) -> str | None:
    """The profile that is changed, as `--profile` would have it; which is used stands outside."""
    from gooclaim_cli.errors import UsageError

    if key.name != "profile":
        return profile
    if profile not in (None, DEFAULT_PROFILE):
        raise UsageError("a profile cannot choose another one", "leave out --profile")
    return DEFAULT_PROFILE
