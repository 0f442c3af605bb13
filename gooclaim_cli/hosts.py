"""What a host's name tells about where it is. Pure: no name is looked up."""

from ipaddress import IPv6Address, ip_address


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
