"""Private files: for their owner alone, written whole or not at all."""

from pathlib import Path

import pytest

from gooclaim_cli import private_files
from gooclaim_cli.errors import ConfigurationError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_its_owners_alone_and_so_is_its_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    private_files.write(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert private_files.read(path) == b"one"


def test_a_file_that_others_could_read_is_replaced_by_one_that_they_cannot(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)
    private_files.write(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert names(tmp_path) == ["secret"]


def test_who_reads_meanwhile_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    private_files.write(path, b"old")
    with path.open("rb") as reader:
        private_files.write(path, b"new")
        assert reader.read() == b"old"


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    private_files.write(path, b"old")
    no_bytes: bytes = "text"  # type: ignore[assignment]
    with pytest.raises(TypeError):
        private_files.write(path, no_bytes)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["secret"]


def test_a_failure_while_replacing_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "secret" / "in-it").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="cannot write"):
        private_files.write(tmp_path / "secret", b"new")
    assert names(tmp_path) == ["secret"]


@pytest.mark.parametrize("below", ["file/secret", "file/folder/secret"])
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, below: str) -> None:
    """A file in the folder's place: permissions do not keep everybody out."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot write .*secret: ") as refused:
        private_files.write(tmp_path / below, b"x")
    assert "GOOCLAIM_HOME" in refused.value.hint


def test_an_absent_file_is_none_and_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert private_files.read(tmp_path / "secret") is None
    with pytest.raises(ConfigurationError, match="cannot read"):
        private_files.read(tmp_path)


def test_a_file_is_removed_and_one_that_is_not_there_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    private_files.write(path, b"x")
    private_files.remove(path)
    private_files.remove(path)
    assert names(tmp_path) == []


def test_what_cannot_be_removed_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=r"cannot remove .*folder: "):
        private_files.remove(tmp_path / "folder")
