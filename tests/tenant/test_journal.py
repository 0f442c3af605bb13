"""The journal: one file a tenant, whatever the tenant is called."""

from pathlib import Path

import pytest

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.tenant.journal import Entry, HomeWebhook, Journal

ENTRY = Entry(
    api_url="https://api.dev.gooclaim.com",
    tenant_id="tnt_x",
    ours="https://laptop.example.com/gooclaim-cli/abc",
    home=HomeWebhook("https://cms.example.com/hooks", ("workflow.*",)),
    at=1.5,
)


def test_what_is_written_is_read_and_goes(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", environment="development", tenant_id="tnt_x")
    assert journal.read() is None
    journal.write(ENTRY)
    assert journal.read() == ENTRY
    assert journal.path.stat().st_mode & 0o777 == 0o600
    journal.clear()
    assert journal.read() is None
    journal.clear()


@pytest.mark.parametrize(
    "tenant_id", ["../../etc/x", "a/b", "a b", "", ".", "..", "\u00fc\U0001f642"]
)
def test_every_tenant_and_environment_has_a_file_of_its_own(tmp_path: Path, tenant_id: str) -> None:
    known = [
        Journal(tmp_path, environment="development", tenant_id="tnt_x"),
        Journal(tmp_path, environment="sandbox", tenant_id="tnt_x"),
        Journal(tmp_path, environment="development", tenant_id="a%2fb"),
    ]
    odd = Journal(tmp_path, environment="development", tenant_id=tenant_id)
    assert odd.path.parent == tmp_path
    assert odd.path not in [each.path for each in known]
    odd.write(ENTRY)
    assert odd.read() == ENTRY


def test_a_journal_that_cannot_be_written_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "file", environment="sandbox", tenant_id="tnt_x")
    with pytest.raises(ConfigurationError, match="cannot write") as refused:
        journal.write(ENTRY)
    assert "GOOCLAIM_HOME" in refused.value.hint
