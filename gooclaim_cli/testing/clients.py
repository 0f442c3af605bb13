"""Posting a body with headers through whatever test client there is: each has its own call.

Which one it is, its class tells: no framework is imported here.
"""

from collections.abc import Mapping
from typing import Any, Final

from gooclaim_cli.wire.handling import DEADLINE

_CONTENT_TYPE: Final = "Content-Type"
# By the package that a client's class, or one of its bases, comes from.
_CONTENT: Final = frozenset(("httpx", "httpx2", "starlette"))
_DATA: Final = frozenset(("aiohttp", "flask", "requests", "werkzeug"))


def post(
    to: Any, path: str, *, headers: Mapping[str, str], body: bytes, options: Mapping[str, Any]
) -> Any:
    """Post and return what the client's own `post` returns: with an asynchronous one, to await.

    `to` is a client of Starlette, FastAPI, Flask, Werkzeug, Django, httpx, requests or aiohttp, or
    a URL, which gives an httpx.Response. Raises TypeError for anything else.
    """
    if isinstance(to, str):
        return _post_to_url(f"{to}{path}", headers, body, options)
    packages = {each.__module__.partition(".")[0] for each in type(to).__mro__}
    if "django" in packages:
        rest = {name: value for name, value in headers.items() if name != _CONTENT_TYPE}
        content_type = headers[_CONTENT_TYPE]
        return to.post(path, data=body, content_type=content_type, headers=rest, **options)
    if packages & _CONTENT:
        return to.post(path, content=body, headers=headers, **options)
    if packages & _DATA:
        return to.post(path, data=body, headers=headers, **options)
    raise TypeError(
        f"cannot send through a {type(to).__qualname__}: give a test client of Starlette, FastAPI,"
        " Flask or Django, a client of httpx, requests or aiohttp, or a URL; or post the delivery's"
        " body and headers yourself"
    )


def _post_to_url(
    url: str, headers: Mapping[str, str], body: bytes, options: Mapping[str, Any]
) -> Any:
    """Straight, past any proxy, and without following redirects, as Gooclaim does."""
    import httpx  # where a test client is used, nobody needs it

    how: dict[str, Any] = {"trust_env": False, "follow_redirects": False, "timeout": DEADLINE}
    if url.startswith("http:"):
        how["verify"] = False  # there is nothing to verify, and reading all authorities takes time
    return httpx.post(url, content=body, headers=dict(headers), **{**how, **options})
