"""Which environment an address belongs to: what is not known as development is production."""

import pytest

from gooclaim_cli.errors import ConfigurationError, ExitCode
from gooclaim_cli.tenant.environment import (
    DEFAULT_API_URL,
    Environment,
    environment_of,
    require_environment,
)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8443",
        "http://127.8.9.10",
        "http://localhost:1/",
        "http://LOCALHOST.:1",
        "https://api.localhost",
        "http://[::1]:80",
    ],
)
def test_this_machine_is_the_sandbox(url: str) -> None:
    assert environment_of(url) is Environment.SANDBOX
    assert require_environment(url, live=False, source="") is Environment.SANDBOX


@pytest.mark.parametrize(
    "url", [DEFAULT_API_URL, "https://API.dev.Gooclaim.com/", "https://api.dev.gooclaim.com:8443"]
)
def test_the_development_host_is_development(url: str) -> None:
    assert require_environment(url, live=False, source="") is Environment.DEVELOPMENT


@pytest.mark.parametrize(
    "url",
    [
        "https://api.gooclaim.com",
        "https://api.dev.gooclaim.com.example.com",
        "https://api.dev.gooclaim.com\\.example.com",
        "https://dev.gooclaim.com",
        "https://127.0.0.1.example.com",
        "https://localhost.example.com",
        "https://0.0.0.0",
        "https://unheard-of.example",
    ],
)
def test_every_other_host_counts_as_production_and_is_refused(url: str) -> None:
    assert environment_of(url) is Environment.PRODUCTION
    with pytest.raises(ConfigurationError, match="counts as production") as refused:
        require_environment(url, live=False, source="--api-url")
    assert refused.value.exit_code == ExitCode.CONFIGURATION
    assert "--live" in refused.value.hint


@pytest.mark.parametrize(
    "url", ["http://api.dev.gooclaim.com", "http://api.gooclaim.com", "http://10.0.0.1:80"]
)
def test_credentials_are_not_sent_to_another_machine_in_the_clear(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is not https"):
        environment_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.dev.gooclaim.com",
        "https://",
        "https:///v1",
        "ftp://localhost",
        "http://localhost:99999",
        "http://localhost:x",
        "http://[::1",
        "http://localhost\n",
        "http://local host",
        "\thttp://localhost",
        "https://api.dev.gooclaim.com\x00",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not an http or https address"):
        environment_of(url)


@pytest.mark.parametrize("who", ["user@", "user:hunter2@", ":hunter2@", "@"])
def test_an_address_with_credentials_is_refused_without_repeating_them(who: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        environment_of(f"https://{who}api.dev.gooclaim.com")
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"


def test_production_is_let_through_where_it_is_asked_for() -> None:
    url = "https://api.gooclaim.com"
    assert require_environment(url, live=True, source="--api-url") is Environment.PRODUCTION
    with pytest.raises(ConfigurationError, match="counts as production and needs") as refused:
        require_environment(url, live=False, source="profile shared")
    assert "profile shared" in refused.value.message
    for other in ("http://localhost:1", DEFAULT_API_URL):
        assert require_environment(other, live=True, source="") is not Environment.PRODUCTION
