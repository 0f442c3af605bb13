"""gooclaim_cli.hosts: which names are this machine."""

import pytest

from gooclaim_cli.hosts import is_loopback


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "cms.localhost",
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "[::1]",
        "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1",
    ],
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "localhost.example.com",
        "notlocalhost",
        "127.0.0.1.example.com",
        "api.dev.gooclaim.com",
        "128.0.0.1",
        "10.0.0.1",
        "0.0.0.0",
        "::",
        "::2",
        "::ffff:10.0.0.1",
        "fe80::1",
        "127.1",
        "2130706433",
        "127.0.0.1 ",
        "localhost\n",
    ],
)
def test_other_machines(host: str | None) -> None:
    """What is not surely this machine is another one."""
    assert not is_loopback(host)
