"""gooclaim_cli.sandbox.secret: the sandbox's signing secret, the same after every restart."""

from pathlib import Path

import pytest

from gooclaim_cli.sandbox.secret import kept_secret


def test_it_is_made_once_for_a_data_folder_and_its_owner_s_alone(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path / "data")
    assert secret is not None
    assert secret == kept_secret(tmp_path / "data")
    assert secret != kept_secret(tmp_path / "other")
    (file,) = (tmp_path / "data").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"whsec_sandbox_", b"whsec_of_production", b"\xff"])
def test_a_file_that_holds_none_of_ours_is_replaced(tmp_path: Path, content: bytes) -> None:
    """Whatever was put there is no sandbox's: it would be printed."""
    (tmp_path / "sandbox-secret").write_bytes(content)
    assert (kept_secret(tmp_path) or "").startswith("whsec_sandbox_")
    assert (tmp_path / "sandbox-secret").read_bytes() != content


def test_where_none_can_be_kept_each_sandbox_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert kept_secret(tmp_path / "file") is None
