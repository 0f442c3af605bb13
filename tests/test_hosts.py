"""gooclaim_cli.hosts: which names are this machine."""

import pytest

from gooclaim_cli.hosts import is_loopback, is_near


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


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "::1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.10",
        "169.254.1.1",
        "0.0.0.0",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
        "[fd12::1]",
        "::ffff:10.0.0.1",
        "laptop.local",
        "Laptop.LOCAL.",
        "host.docker.internal",
        "gateway.docker.internal",
        "host.containers.internal",
        "nas.home.arpa",
    ],
)
def test_near(host: str) -> None:
    assert is_near(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "example.com",
        "8.8.8.8",
        "172.32.0.1",
        "100.64.0.1",
        "192.0.2.1",
        "2001:db8::1",
        "::ffff:8.8.8.8",
        "local",
        "internal",
        "cms",
        "localhost.example.com",
        "evil.local.example.com",
        "10.0.0.1.example.com",
        "notlocal",
    ],
)
def test_not_near(host: str | None) -> None:
    assert not is_near(host)
