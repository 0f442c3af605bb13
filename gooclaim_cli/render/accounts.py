"""What login, logout and whoami show. No secret and no token is among it."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from gooclaim_cli.accounts import Identity, LoggedOut, SecretPlace
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.terminal import facts, fold_width, wrap_words, write_lines
from gooclaim_cli.tenant.tokens import ADMIN_SCOPE


def identity_object(kind: str, who: Identity) -> dict[str, Any]:
    """The members of a `login` or a `whoami`."""
    return {
        "kind": kind,
        "at": rfc3339(who.at),
        "environment": who.environment.value,
        "api_url": who.api_url,
        "profile": who.profile,
        "client_id": who.client_id,
        "tenant_id": who.tenant_id,
        "token_tenant_id": who.token.tenant_id,
        "scopes": list(who.token.scopes),
        "admin": who.token.is_admin,
        "token_expires_at": rfc3339(who.at + who.token.lifetime),
        "secret": {"in": who.secret.kind, "name": who.secret.name},
    }


def show_identity(who: Identity, console: Console) -> None:
    """Write what is known of an account."""
    write_lines(console, _identity_lines(who, console))


def show_login(who: Identity, console: Console) -> None:
    """Write that the login went well, and what was kept where."""
    lines = [Text("Logged in.", style="green"), *_identity_lines(who, console)]
    if who.secret.note:
        lines += _sentence(f"It is not in a keyring: {visible(who.secret.note)}.", console)
    write_lines(console, lines)


def _identity_lines(who: Identity, console: Console) -> list[Text]:
    until = time.strftime("%H:%M:%S", time.localtime(who.at + who.token.lifetime))
    rows = [
        ("environment", f"{who.environment.value}, {visible(who.api_url)}"),
        ("profile", visible(who.profile or "default")),
        ("client", visible(who.client_id)),
        ("tenant", _tenant(who)),
        ("scopes", visible(" ".join(who.token.scopes)) or "not told"),
        ("token", f"good until {until}, for {_minutes(who.token.lifetime)}"),
        ("secret", _place(who.secret)),
    ]
    lines = facts(rows, width=fold_width(console))
    if who.token.scopes and not who.token.is_admin:
        lines += _sentence(
            f"Without the scope {ADMIN_SCOPE} this client cannot register a URL: listen with"
            " --no-register, and paste the URL into the Console.",
            console,
        )
    return lines


def _tenant(who: Identity) -> str:
    named, wanted = who.token.tenant_id, who.tenant_id
    if wanted is None:
        return f"{visible(named)}, by the token; none is set" if named else "none is set"
    if named is not None and named != wanted:
        return f"{visible(wanted)}, but the token is for {visible(named)}"
    return visible(wanted)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _place(secret: SecretPlace) -> str:
    match secret.kind:
        case "environment":
            return f"from the environment, {secret.name}"
        case "keyring":
            return f"in the keyring ({visible(secret.name)})"
        case "config":
            return f"in {visible(secret.name)}"
        case _:
            folder = visible(str(Path(secret.name).parent))
            return f"in a file that you alone can read, below {folder}"


def logout_object(done: LoggedOut, *, at: float) -> dict[str, Any]:
    """The members of a `logout`; `secret` null: none was kept."""
    place = done.secret
    return {
        "kind": "logout",
        "at": rfc3339(at),
        "api_url": done.api_url,
        "profile": done.profile,
        "client_id": done.client_id,
        "secret": None if place is None else {"in": place.kind, "name": place.name},
    }


def show_logout(done: LoggedOut, console: Console) -> None:
    """Write what was forgotten, and where."""
    who = f"{visible(done.client_id or 'nobody')} of {visible(done.api_url)}"
    if done.secret is None:
        write_lines(console, _sentence(f"No secret was kept of {who}.", console))
        return
    where = _place(done.secret).removeprefix("in ")
    write_lines(
        console, _sentence(f"Logged out: the secret of {who} is gone from {where}.", console)
    )


def _sentence(text: str, console: Console) -> list[Text]:
    return [Text(line) for line in wrap_words(text, width=fold_width(console))]
