"""ngrok's own configuration file: what of the user's counts, wherever it is."""

from pathlib import Path

import pytest

from gooclaim_cli.tunnels.ngrok_config import UserConfig, read_user_config

V2 = "version: '2'\nauthtoken: tok_two\nroot_cas: host\nregion: in\ntunnels: {a: {addr: 1}}\n"
V3 = "version: 3\nagent:\n  authtoken: tok_three\n  connect_cas: host\n  proxy_url: socks5://h:1\n"


@pytest.mark.parametrize(
    "place",
    [
        ".config/ngrok/ngrok.yml",
        "Library/Application Support/ngrok/ngrok.yml",
        "AppData/Local/ngrok/ngrok.yml",
        ".ngrok2/ngrok.yml",
    ],
)
def test_it_is_found_where_ngrok_keeps_it(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(V2)
    assert read_user_config({}, tmp_path) == UserConfig("tok_two", {"root_cas": "host"})


def test_the_newer_version_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "ngrok" / "ngrok.yml"
    path.parent.mkdir(parents=True)
    path.write_text(V3)
    found = read_user_config({"XDG_CONFIG_HOME": str(tmp_path)}, tmp_path / "home")
    assert found == UserConfig("tok_three", {"root_cas": "host", "proxy_url": "socks5://h:1"})
    assert "tok_three" not in repr(found)


@pytest.mark.parametrize(
    "content", [b"", b"- a\n", b"a: [", b"\xff", b"authtoken: 1\n", b"agent: 1"]
)
def test_a_file_that_says_nothing_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ".ngrok2" / "ngrok.yml"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert read_user_config({}, tmp_path) == UserConfig()


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert read_user_config({}, tmp_path) == UserConfig()
