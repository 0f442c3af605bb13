"""What a session is asked to do, and what must be right before it starts."""

from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.plan import (
    given_path,
    require_secrets,
    stable_path,
)
from gooclaim_cli.settings import Places, Settings
from gooclaim_cli.tenant_access import require_credentials
from gooclaim_cli.webhook_urls import PATH_PREFIX, is_session_url
from gooclaim_cli.wire import SigningSecret

PLACES = Places(Path("/config/config.toml"), Path("/data"))
CREDENTIALS: dict[str, Any] = {
    "client_id": "client_a",
    "client_secret": "secret-a",
    "tenant_id": "tnt_a",
}


def test_the_path_is_unguessable_and_the_same_each_time(tmp_path: Path) -> None:
    path = stable_path(tmp_path / "data")
    assert path == stable_path(tmp_path / "data")
    assert path != stable_path(tmp_path / "other")
    assert path.startswith(PATH_PREFIX)
    assert len(path) >= len(PATH_PREFIX) + 32
    assert is_session_url(f"https://host.example{path}")
    assert given_path(path, registers=True) == path


def test_the_file_of_the_path_is_its_owners_alone(tmp_path: Path) -> None:
    stable_path(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_line_end_behind_the_path_is_no_part_of_it(tmp_path: Path) -> None:
    path = stable_path(tmp_path)
    (tmp_path / "path").write_text(f"{path}\n")
    assert stable_path(tmp_path) == path


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"/", b"/hooks", b"\xff\xfe", b"/gooclaim-cli/", b"/gooclaim-cli/a b"]
)
def test_a_file_that_holds_no_path_of_ours_is_replaced(tmp_path: Path, content: bytes) -> None:
    """Registered under another path, our URL would not be known as ours again."""
    (tmp_path / "path").write_bytes(content)
    path = stable_path(tmp_path)
    assert path.startswith(PATH_PREFIX)
    assert path == stable_path(tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="file"):
        stable_path(tmp_path / "file")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mine", "/gooclaim-cli/mine"),
        ("team/mine", "/gooclaim-cli/team/mine"),
        ("/gooclaim-cli/mine", "/gooclaim-cli/mine"),
    ],
)
def test_a_given_path_goes_below_our_prefix(text: str, expected: str) -> None:
    assert given_path(text, registers=True) == expected
    assert given_path(text, registers=False) == expected


def test_a_path_of_another_kind_is_for_those_who_do_not_register() -> None:
    assert given_path("/hooks", registers=False) == "/hooks"
    with pytest.raises(UsageError, match="begins with /gooclaim-cli/") as refused:
        given_path("/hooks/a", registers=True)
    assert "--path /gooclaim-cli/hooks-a" in refused.value.hint
    assert "--no-register" in refused.value.hint


@pytest.mark.parametrize("odd", [" ", "?a=b", "#a", "%41", '"', "'", "<", "\\", "\n", "\x00", "é"])
def test_what_does_not_belong_in_a_path_is_refused(odd: str) -> None:
    for registers in (True, False):
        with pytest.raises(UsageError, match="do not belong in a path"):
            given_path(f"/gooclaim-cli/a{odd}b", registers=registers)


def test_credentials_are_given_whole() -> None:
    settings = Settings(places=PLACES, **CREDENTIALS)
    assert require_credentials(settings) == ("client_a", "secret-a", "tnt_a")


@pytest.mark.parametrize("missing", CREDENTIALS)
def test_a_missing_credential_is_named_and_none_is_shown(missing: str) -> None:
    settings = Settings(places=PLACES, **CREDENTIALS | {missing: ""})
    with pytest.raises(ConfigurationError) as refused:
        require_credentials(settings)
    assert f"GOOCLAIM_{missing.upper()} must be set" in refused.value.message
    assert str(PLACES.config) in refused.value.hint
    assert "secret-a" not in f"{refused.value.message} {refused.value.hint}"


def test_all_missing_credentials_are_named() -> None:
    with pytest.raises(
        ConfigurationError,
        match="CLIENT_ID, GOOCLAIM_CLIENT_SECRET and GOOCLAIM_TENANT_ID must be set",
    ):
        require_credentials(Settings(places=PLACES))


def test_nothing_is_verified_without_a_secret() -> None:
    require_secrets(Settings(places=PLACES, signing_secrets=(SigningSecret("s"),)))
    with pytest.raises(ConfigurationError, match="no signing secret") as refused:
        require_secrets(Settings(places=PLACES))
    assert "GOOCLAIM_SIGNING_SECRET" in refused.value.hint
