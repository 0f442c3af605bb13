"""What a host's name tells about where it is. Pure: no name is looked up."""

from ipaddress import ip_address


def is_loopback(host: str | None) -> bool:
    """Whether a host names this machine: localhost, *.localhost, 127.0.0.0/8, ::1."""
    if host is None:
        return False
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
