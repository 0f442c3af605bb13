"""What was asked for is settled before anything begins; production has rules of its own."""

import pytest

from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.sharing import AnswerFrom, Sharing, home_url, share
from gooclaim_cli.tenant.environment import Environment

HOME = "https://cms.example/hooks"
OURS = "https://tunnel.example/gooclaim-cli/abc"


@pytest.mark.parametrize("environment", [Environment.SANDBOX, Environment.DEVELOPMENT])
def test_outside_production_the_handler_answers_unless_home_is_asked(
    environment: Environment,
) -> None:
    alone = share(environment, pass_on=False, answer_from=None, copy_to=())
    assert alone == Sharing()
    both = share(environment, pass_on=True, answer_from=None, copy_to=("http://10.0.0.5/",))
    assert both == Sharing(pass_on=True, copy_to=("http://10.0.0.5/",))
    home = share(environment, pass_on=True, answer_from="home", copy_to=())
    assert home == Sharing(pass_on=True, answer_from=AnswerFrom.HOME)
    assert not home.unverified


def test_in_production_the_home_url_answers_whatever_else_is_said() -> None:
    for pass_on, answer_from in ((False, None), (True, None), (True, "home"), (False, "home")):
        live = share(Environment.PRODUCTION, pass_on=pass_on, answer_from=answer_from, copy_to=())
        assert live == Sharing(pass_on=True, answer_from=AnswerFrom.HOME, unverified=True)
    with pytest.raises(UsageError, match="never a handler on this machine"):
        share(Environment.PRODUCTION, pass_on=True, answer_from="handler", copy_to=())


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://colleague.example/x", True),
        ("http://127.0.0.1:4000/x", True),
        ("http://localhost:4000/x", True),
        ("http://10.0.0.5:4000/x", False),
        ("http://colleague.example/x", False),
    ],
)
def test_production_s_events_do_not_go_over_a_network_in_the_clear(url: str, allowed: bool) -> None:
    if allowed:
        shared = share(Environment.PRODUCTION, pass_on=False, answer_from=None, copy_to=(url,))
        assert shared.copy_to == (url,)
    else:
        with pytest.raises(UsageError, match="in the clear"):
            share(Environment.PRODUCTION, pass_on=False, answer_from=None, copy_to=(url,))


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(UsageError, match="'both' is unknown"):
        share(Environment.SANDBOX, pass_on=True, answer_from="both", copy_to=())
    with pytest.raises(UsageError, match="nothing is passed on") as refused:
        share(Environment.SANDBOX, pass_on=False, answer_from="home", copy_to=())
    assert refused.value.hint == "add --pass-on"


def test_the_home_url_is_the_registered_one_before_the_setting() -> None:
    assert home_url(HOME, "https://other.example/", ours=OURS) == HOME
    assert home_url(None, HOME, ours=OURS) == HOME
    with pytest.raises(ConfigurationError, match="there is no home URL") as refused:
        home_url(None, None, ours=OURS)
    assert "GOOCLAIM_HOME_URL" in refused.value.hint


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://other.example/gooclaim-cli/xyz", "in a circle"),
        (OURS, "in a circle"),
        ("ftp://cms.example/", "is not an http or https address"),
        ("cms.example/hooks", "is not an http or https address"),
    ],
)
def test_a_home_url_that_cannot_be_one_is_refused(url: str, said: str) -> None:
    for registered, configured in ((url, None), (None, url)):
        with pytest.raises(ConfigurationError, match=said):
            home_url(registered, configured, ours=OURS)


def test_our_own_url_under_a_path_of_the_user_s_is_no_home_url() -> None:
    mine = "https://laptop.example/mine"
    with pytest.raises(ConfigurationError, match="in a circle"):
        home_url(mine, None, ours=mine)
