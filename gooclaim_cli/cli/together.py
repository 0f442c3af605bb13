"""Which of a command's options go together."""

import typer

from gooclaim_cli.errors import UsageError


def alone(context: typer.Context, option: str, *beside: str) -> None:
    """Raise UsageError where something was typed that does not go with an option.

    `beside` are the names of the parameters that do.
    """
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in beside or source is None or source.name != "COMMANDLINE":
            continue
        typed = parameter.opts[0]
        if not typed.startswith("-"):
            typed = typed.upper()  # an argument
        raise UsageError(f"{option} and {typed} exclude each other", f"leave {typed} out")


def only_with(option: str, **given: object) -> None:
    """Raise UsageError where one of these was given without the option that it belongs to."""
    for name, value in given.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')} belongs to {option}", f"add {option}")
