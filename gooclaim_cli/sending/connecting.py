"""Opening connections: names, proxies, TLS.

Owns the errors of a connection that could not be had, each with what to tell.
"""

import asyncio
import base64
import socket
import ssl
import urllib.request
from urllib.parse import unquote, urlsplit

from gooclaim_cli.hosts import is_near
from gooclaim_cli.sending.address import Address
from gooclaim_cli.sending.connection import Answer, Connection, MalformedError
from gooclaim_cli.sending.outcome import SendFailure
from gooclaim_cli.sending.request import Proxy

_ANSWER_OF_A_PROXY = 4096


class ConnectError(Exception):
    """No connection could be had: the failure's code, and a sentence."""

    def __init__(self, failure: SendFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message


def proxy_for(address: Address) -> Proxy | None:
    """The proxy that the environment names for an address; never one for what is near.

    A proxy leads to the internet, and does not know the names of this network or these containers;
    and what it would answer in their place looks like the handler's answer. `NO_PROXY` excepts
    more. Raises ValueError where what it names is none.
    """
    if _is_near(address.host) or urllib.request.proxy_bypass(address.host):
        return None
    proxies = urllib.request.getproxies()
    named = proxies.get(address.scheme)
    if not named:
        return None
    parts = urlsplit(named if "://" in named else f"http://{named}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"the proxy for it is no http proxy: {parts.scheme}://{parts.hostname}")
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        authorization = f"Basic {base64.b64encode(pair).decode()}"
    return Proxy(parts.hostname, parts.port or 80, authorization)


def _is_near(host: str) -> bool:
    """Whether a host is of this network, as a name without a dot (a container's) is, too."""
    return is_near(host) or not {".", ":"}.intersection(host)


async def connect(address: Address, proxy: Proxy | None, tls: ssl.SSLContext | None) -> Connection:
    """Open a connection to an address, through a proxy where one is given. Raises ConnectError."""
    where = address.authority
    if proxy is None:
        try:
            return await _open(address.host, address.port, tls)
        except (OSError, ValueError) as error:
            raise _translate(error, where) from None
    try:
        connection = await _open(proxy.host, proxy.port, None)
    except (OSError, ValueError):
        raise ConnectError(
            SendFailure.CONNECTION_FAILED, f"no connection to the proxy for {where}"
        ) from None
    return connection if tls is None else await _tunnelled(connection, where, address, proxy, tls)


async def _open(host: str, port: int, tls: ssl.SSLContext | None) -> Connection:
    """Try each of a host's addresses in turn. Raises the last one's OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    server_hostname = host if tls is not None else None
    failed: OSError | None = None
    for *_, address in found:
        try:
            _transport, connection = await loop.create_connection(
                Connection, str(address[0]), port, ssl=tls, server_hostname=server_hostname
            )
        except ssl.SSLError:
            raise
        except OSError as error:
            failed = error
        else:
            return connection
    raise failed or OSError("it has no address")


async def _tunnelled(
    outer: Connection, where: str, address: Address, proxy: Proxy, tls: ssl.SSLContext
) -> Connection:
    """Have the proxy pass on to the endpoint, and speak TLS with that."""
    head = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n"
    if proxy.authorization is not None:
        head += f"Proxy-Authorization: {proxy.authorization}\r\n"
    answer = Answer(_ANSWER_OF_A_PROXY)
    try:
        await outer.exchange(f"{head}\r\n".encode(), answer, head_only=True)
        if answer.status is None or not 200 <= answer.status < 300 or outer.transport is None:
            outer.close()
            message = f"the proxy for {where} answered {answer.status}"
            raise ConnectError(SendFailure.CONNECTION_FAILED, message)
        inner = Connection()
        transport = await asyncio.get_running_loop().start_tls(
            outer.transport, inner, tls, server_hostname=address.host
        )
    except MalformedError:
        message = f"the proxy for {where} answered with something other than HTTP"
        raise ConnectError(SendFailure.CONNECTION_FAILED, message) from None
    except OSError as error:
        outer.close()
        raise _translate(error, where) from None
    if transport is None:
        raise ConnectError(SendFailure.TLS_FAILED, f"no TLS connection with {where}")
    inner.connection_made(transport)
    return inner


def _translate(error: Exception, where: str) -> ConnectError:
    match error:
        case socket.gaierror():
            return ConnectError(SendFailure.NAME_NOT_FOUND, f"no address is known for {where}")
        case ssl.SSLCertVerificationError():
            reason = error.verify_message or "not trusted"
            message = f"the certificate of {where} was refused: {reason}"
            return ConnectError(SendFailure.TLS_FAILED, message)
        case ssl.SSLError():
            reason = error.reason or "it does not speak it"
            return ConnectError(SendFailure.TLS_FAILED, f"no TLS connection with {where}: {reason}")
        case ConnectionRefusedError():
            return ConnectError(SendFailure.CONNECTION_REFUSED, f"nothing listens on {where}")
        case OSError():
            reason = error.strerror or str(error) or type(error).__name__
        case _:
            reason = str(error) or type(error).__name__
    return ConnectError(SendFailure.CONNECTION_FAILED, f"no connection to {where}: {reason}")
