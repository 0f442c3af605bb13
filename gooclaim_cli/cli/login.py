"""`gooclaim login`: prove a client's credentials, and keep its secret."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import options

if TYPE_CHECKING:
    from gooclaim_cli.accounts import Identity
    from gooclaim_cli.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def login(
    client_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The client's id.", show_default="asked for"),
    ] = None,
    tenant_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The tenant's id.", show_default="asked for"),
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|-",
            help="Read the client's secret from this file; -: from standard input.",
            show_default="asked for",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="auto|keyring|file",
            help="Where to keep the secret. auto: in the keyring, where there is one.",
            show_default="auto",
        ),
    ] = None,
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    live: options.Live = False,
    as_json: options.AsJson = False,
) -> None:
    """Log in: prove the credentials of a client, and keep its secret.

    The secret goes into the keyring of the operating system where there is one,
    else into a file that you alone can read. In scripts, it comes from
    GOOCLAIM_CLIENT_SECRET or --secret-file.
    """
    from gooclaim_cli import settings
    from gooclaim_cli.render import accounts as shown

    flags = {
        "client_id": client_id,
        "tenant_id": tenant_id,
        "secrets.store": store,
        "profile": profile,
        "api_url": api_url,
    }
    found = settings.load(flags, new_profile=True)
    who = _log_in(found, secret_file, live=live, as_json=as_json)
    if as_json:
        from gooclaim_cli.render.json_lines import write_object

        write_object(shown.identity_object("login", who), sys.stdout)
    else:
        from gooclaim_cli.cli.consoles import output_console

        shown.show_login(who, output_console())


def _log_in(
    found: "Settings", secret_file: Path | None, *, live: bool, as_json: bool
) -> "Identity":
    """Ask for what is missing, prove it, and keep it."""
    from gooclaim_cli import accounts
    from gooclaim_cli.cli.notices import retry_teller, waiting_teller
    from gooclaim_cli.cli.running import run
    from gooclaim_cli.credentials import Credentials
    from gooclaim_cli.tenant.tokens import Client

    environment = accounts.login_environment(found, live=live)
    client = Client(
        _settled(found, "client_id", "Client id", found.client_id, as_json=as_json),
        _secret(found, secret_file, as_json=as_json),
    )
    token = run(accounts.ask_token(found.api_url, client, retry_teller(as_json=as_json)))
    had_at = time.time()
    likely = token.tenant_id or found.tenant_id
    tenant = _settled(found, "tenant_id", "Tenant id", likely, as_json=as_json)
    accounts.require_tenant(tenant, token)
    credentials = Credentials.of(found, waiting_teller(as_json=as_json))
    place = accounts.keep(found, client, tenant, credentials)
    return accounts.Identity(
        had_at, environment, found.api_url, found.profile, client.client_id, tenant, token, place
    )


def _settled(
    found: "Settings", name: str, question: str, likely: str | None, *, as_json: bool
) -> str:
    """A flag's or variable's value; else what the person says, or what is likely."""
    from gooclaim_cli.cli.prompts import ask, somebody_there
    from gooclaim_cli.errors import UsageError
    from gooclaim_cli.setting_sources import Origin
    from gooclaim_cli.settings import KEYS

    given: str | None = getattr(found, name)
    if given and found.source(name).origin in (Origin.FLAG, Origin.ENVIRONMENT):
        return given
    answer = ask(question, likely) if somebody_there(as_json=as_json) else likely
    if answer:
        settled: str = KEYS[name].read(KEYS[name], answer)
        return settled
    flag = f"--{name.replace('_', '-')}"
    raise UsageError(
        f"the {question.lower()} is missing, and nobody is there to be asked",
        f"add {flag} ID, or set {KEYS[name].variable}",
    )


def _secret(found: "Settings", file: Path | None, *, as_json: bool) -> str:
    """From the file that was named, the environment, or the person. Never from a flag."""
    from gooclaim_cli.cli.prompts import ask_secret, somebody_there
    from gooclaim_cli.cli.secret_input import read_secret
    from gooclaim_cli.errors import UsageError
    from gooclaim_cli.setting_sources import Origin
    from gooclaim_cli.settings import KEYS

    key = KEYS["client_secret"]
    if file is not None:
        given = read_secret(file)
    elif found.client_secret and found.source(key.name).origin is Origin.ENVIRONMENT:
        given = found.client_secret
    elif somebody_there(as_json=as_json):
        given = ask_secret("Client secret")
    else:
        raise UsageError(
            "the client's secret is missing, and nobody is there to be asked",
            f"add --secret-file FILE (-: standard input), or set {key.variable}",
        )
    secret: str = key.read(key, given)
    return secret
