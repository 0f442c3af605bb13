"""What a host's name tells about where it is. Pure: no name is looked up."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

_NEAR_NAMES: Final = (".local", ".internal", ".home.arpa")
# RFC 1918, RFC 3927, RFC 4193, RFC 4291; the unspecified address leads to this machine.
_NEAR: Final = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "0.0.0.0/32",
            "fc00::/7",
            "fe80::/10",
            "::/128",
        ),
    )
)


def is_loopback(host: str | None) -> bool:
    """Whether a host names this machine: localhost, *.localhost, 127.0.0.0/8, ::1."""
    if host is None:
        return False
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def is_near(host: str | None) -> bool:
    """Whether a host's name says that it is this machine or on its own network.

    Loopback, private and link-local addresses, and the names that never leave a network: *.local
    (RFC 6762), *.internal, *.home.arpa (RFC 8375), host.docker.internal and its like.
    """
    if host is None:
        return False
    name = host.rstrip(".").lower()
    if is_loopback(name) or name.endswith(_NEAR_NAMES):
        return True
    try:
        address = ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    return any(address in network for network in _NEAR if network.version == address.version)
