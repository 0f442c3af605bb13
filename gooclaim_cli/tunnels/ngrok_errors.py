"""What stands in ngrok's way, told apart by its error codes. Pure.

The codes and their meaning: https://ngrok.com/docs/errors/reference. ngrok repeats the authtoken in
some of its texts: where a code is known, none of its text is passed on, and elsewhere the token is
hidden.
"""

import re
from typing import Final

from gooclaim_cli.errors import TunnelError

_CODE: Final = re.compile(r"ERR_NGROK_\d+")
_HOW: Final = "https://dashboard.ngrok.com/get-started/your-authtoken"
_OTHERWISE: Final = "or use another way: --tunnel cloudflared, --public-url https://HOST"
_KNOWN: Final = (
    (
        (4018,),
        "ngrok wants an authtoken of a verified account, and was given none",
        f"copy yours from {_HOW}\nthen: NGROK_AUTHTOKEN=... gooclaim listen",
    ),
    (
        (105, 106, 107, 300),
        "ngrok refuses the authtoken: it is malformed, was reset or is another account's",
        f"copy it anew from {_HOW}\nthen: NGROK_AUTHTOKEN=... gooclaim listen",
    ),
    (
        (108,),
        "the ngrok account has no further agent session: another agent is running",
        f"end that one (https://dashboard.ngrok.com/agents), {_OTHERWISE}",
    ),
    (
        (120, 121),
        "this ngrok agent is too old for ngrok's service",
        "update it: ngrok update, or the package that it came with",
    ),
    (
        (123,),
        "ngrok starts no agent before the account's e-mail address is verified",
        "verify it: https://dashboard.ngrok.com/user/settings",
    ),
    (
        (334,),
        "the domain is taken: another endpoint is online under it",
        "end that one (https://dashboard.ngrok.com/endpoints), or give another --domain",
    ),
    (
        (313, 314, 317, 318, 319, 320, 322, 326, 327, 328, 329, 330, 331),
        "the domain is not one that this ngrok account can use",
        "see yours at https://dashboard.ngrok.com/domains; without --domain, ngrok gives one",
    ),
    (
        (102, 103, 337, 338),
        "the ngrok account is suspended or not paid for",
        f"see https://dashboard.ngrok.com/billing, {_OTHERWISE}",
    ),
)


def explain(text: str, *, authtoken: str | None) -> TunnelError:
    """Turn what ngrok or pyngrok said into one message and a next step."""
    found = _CODE.search(text)
    number = int(found[0].rpartition("_")[2]) if found else None
    for codes, message, hint in _KNOWN:
        if number in codes:
            return TunnelError(f"{message} (ERR_NGROK_{number})", hint)
    if "x509:" in text:
        return TunnelError(
            "something on this network breaks open ngrok's TLS",
            f"let ngrok trust it: root_cas: host in ngrok's own configuration, {_OTHERWISE}",
        )
    said = " ".join(_hidden(text, authtoken).split())[:300]
    if number is not None:
        page = f"https://ngrok.com/docs/errors/err_ngrok_{number}"
        return TunnelError(f"ngrok refuses: {said}", f"see {page}")
    return TunnelError(f"ngrok has not connected: {said}", f"check the network, {_OTHERWISE}")


def _hidden(text: str, authtoken: str | None) -> str:
    text = re.sub(r"(Your authtoken: )\S+", r"\1(hidden)", text)
    return text.replace(authtoken, "(hidden)") if authtoken else text
