"""What production needs before anything begins: `--live`, and the tenant's id, typed.

A bare yes is never enough: who types an id knows which tenant is meant.
"""

import sys
from typing import TYPE_CHECKING

import typer

from gooclaim_cli.errors import ConfigurationError, ExitCode, UsageError

if TYPE_CHECKING:
    from gooclaim_cli.settings import Settings
    from gooclaim_cli.tenant.environment import Environment


def admit(
    settings: "Settings", *, live: bool, yes: str | None, doing: str, can_ask: bool = True
) -> "Environment":
    """Tell the environment of a command's settings; let production through on its conditions.

    `doing` says what would happen there, for the question. Raises ConfigurationError, UsageError;
    a wrong answer ends the command with 1.
    """
    from gooclaim_cli.tenant.environment import Environment, require_environment

    source = settings.source("api_url").name
    environment = require_environment(settings.api_url, live=live, source=source)
    if live and environment is not Environment.PRODUCTION:
        raise UsageError(
            f"--live is for production, and {settings.api_url} is the {environment}",
            "leave out --live, or set GOOCLAIM_API_URL to the production API",
        )
    if environment is Environment.PRODUCTION:
        confirm(settings.tenant_id, yes=yes, doing=doing, can_ask=can_ask)
    elif yes is not None:
        raise UsageError("--yes goes with --live: only production asks", "leave out --yes")
    return environment


def admit_listening(
    settings: "Settings",
    *,
    live: bool,
    yes: str | None,
    registers: bool,
    accept_secret_rotation: bool,
    lasts: float | None,
    can_ask: bool,
) -> "Environment":
    """Tell the environment in which is to be listened; raises as `admit` does.

    In production a URL that was put there by hand, or an ingress, would be nobody's to put back.
    """
    from gooclaim_cli.register_terms import require_consent
    from gooclaim_cli.sharing import LIVE_LASTS
    from gooclaim_cli.tenant.environment import environment_of

    if live and not registers:
        raise UsageError(
            "in production gooclaim puts its URL into the configuration and takes it out itself",
            "leave out --no-register and --tunnel none",
        )
    if live:
        require_consent(environment_of(settings.api_url), given=accept_secret_rotation)
    minutes = (LIVE_LASTS if lasts is None else lasts) / 60
    doing = f"every delivery to {settings.tenant_id} will come by this machine for {minutes:g} min"
    return admit(settings, live=live, yes=yes, doing=doing, can_ask=can_ask)


def confirm(tenant_id: str | None, *, yes: str | None, doing: str, can_ask: bool = True) -> None:
    """Go on only where the tenant's id was given with --yes, or is typed on the terminal now.

    Without `can_ask` nobody is asked. Raises as `admit` does.
    """
    if not tenant_id:
        raise ConfigurationError(
            "in production the tenant must be known before anything is done",
            "set GOOCLAIM_TENANT_ID",
        )
    if yes is not None:
        if yes != tenant_id:
            raise UsageError(
                f"--yes {yes!r} is not the id of the tenant, which is {tenant_id!r}",
                "in production, --yes takes the id of the tenant that is meant",
            )
        return
    if not (can_ask and sys.stdin.isatty()):
        raise UsageError(
            f"this is production, and nobody is there to type the tenant's id ({tenant_id})",
            "add --yes TENANT_ID",
        )
    _ask(tenant_id, doing)


def _ask(tenant_id: str, doing: str) -> None:
    from rich.text import Text

    from gooclaim_cli.cli.consoles import error_console
    from gooclaim_cli.render.escape import visible
    from gooclaim_cli.render.terminal import fold_width, wrap_words, write_lines

    console = error_console()
    sentences = wrap_words(f"!! PRODUCTION !! {doing}.", width=fold_width(console))
    write_lines(console, [Text(line, style="bold red") for line in sentences])
    sys.stderr.write(f"Type the tenant's id, {visible(tenant_id)}, to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != tenant_id:
        sys.stderr.write("That is not it. Nothing was changed.\n")
        raise typer.Exit(ExitCode.REFUSED)
