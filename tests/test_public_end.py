"""How a tunnel program reaches what this session serves."""

import pytest

from gooclaim_cli.public_end import local_address


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("192.0.2.1", "http://192.0.2.1:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_an_address_to_serve_on_is_one_to_connect_to(bind: str, expected: str) -> None:
    assert local_address(bind, 80) == expected
