"""What `config` and `webhook secret` show; a secret only where it is asked for."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.known_secrets import KnownSecret
from gooclaim_cli.render.errors import message_lines
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.terminal import facts, fold_width, pad, write_lines
from gooclaim_cli.setting_keys import Given
from gooclaim_cli.setting_sources import Explained, Origin

_LONG: Final = 16  # of a shorter secret, nothing can be shown


def masked(secret: str) -> str:
    """As much of a secret as tells it from another: its end, where it is long."""
    return f"****{secret[-4:]}" if len(secret) >= _LONG else "****"


def setting_object(found: Explained, *, at: float, reveal: bool = False) -> dict[str, Any]:
    """The members of a `setting`. `value` null: it is not set, and has no default."""
    return {
        "kind": "setting",
        "at": rfc3339(at),
        "name": found.key.name,
        "value": _value(found, reveal=reveal),
        "masked": _is_masked(found, reveal=reveal),
        "source": found.source.origin.value,
        "source_name": found.source.name,
        "variable": found.key.variable,
    }


def show_settings(explained: Sequence[Explained], console: Console) -> None:
    """Write a line a setting: its name, where its value came from, and the value."""
    names = max(len(each.key.name) for each in explained)
    sources = max(len(_source(each)) for each in explained)
    rows = [
        (f"{pad(each.key.name, names)}  {pad(_source(each), sources)}", _shown(each))
        for each in explained
    ]
    write_lines(console, facts(rows, width=fold_width(console)))


def show_value(found: Explained, console: Console, *, reveal: bool) -> None:
    """Write a value and nothing else, a line each where there are several."""
    value = _value(found, reveal=reveal)
    several = value if isinstance(value, list) else [value or ""]
    write_lines(console, [Text(visible(each)) for each in several])


def show_override(found: Explained, console: Console) -> None:
    """Say it where what was just written is not what counts."""
    if found.source.origin is Origin.ENVIRONMENT:
        message = f"{found.source.name} is set too, and goes over what is written now"
        write_lines(console, message_lines("! ", message, "", console, style="yellow"))


def secret_objects(
    secrets: Sequence[KnownSecret], *, at: float, reveal: bool
) -> list[dict[str, Any]]:
    """A `signing_secret` for each that is known."""
    return [
        {
            "kind": "signing_secret",
            "at": rfc3339(at),
            "value": each.secret.value if reveal else masked(each.secret.value),
            "masked": not reveal,
            "source": each.source,
        }
        for each in secrets
    ]


def show_secrets(secrets: Sequence[KnownSecret], console: Console, *, reveal: bool) -> None:
    """Write each, and who says so; revealed ones alone, for `$(…)`."""
    if reveal:
        write_lines(console, [Text(visible(each.secret.value)) for each in secrets])
        return
    rows = [(masked(each.secret.value), visible(each.source)) for each in secrets]
    write_lines(console, facts(rows, width=fold_width(console)))


def _source(found: Explained) -> str:
    if found.value is None:
        return "-"
    if found.source.origin in (Origin.ENVIRONMENT, Origin.DEFAULT):
        return found.source.origin.value
    return found.source.name


def _shown(found: Explained) -> str:
    value = _value(found, reveal=False)
    if value is None:
        return "-"
    return visible(", ".join(value) if isinstance(value, list) else value)


def _is_masked(found: Explained, *, reveal: bool) -> bool:
    return found.key.secret and found.value is not None and not reveal


def _value(found: Explained, *, reveal: bool) -> Given | None:
    value = found.value
    if value is None or not _is_masked(found, reveal=reveal):
        return value
    if isinstance(value, list):
        return [masked(each) for each in value]
    parts = value.split(",") if found.key.several else [value]
    return ",".join(masked(each) for each in parts)
