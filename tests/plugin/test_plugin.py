"""The plugin itself: asked for by name, cheap to load, and set by its users."""

import subprocess
import sys
from importlib.metadata import entry_points

import anyio._backends._asyncio
import pytest

import gooclaim_cli.sandbox

pytest_plugins = ["pytester"]
PLUGIN = ("-p", "gooclaim_cli.pytest_plugin")
# pytester forgets what is imported in its runs; of some of it there can be no second copy.
BEFOREHAND = (anyio._backends._asyncio, gooclaim_cli.sandbox)


def test_an_install_of_the_cli_changes_nobody_s_pytest() -> None:
    ours = [each for each in entry_points(group="pytest11") if "gooclaim" in each.value]
    assert ours == []


def test_loading_it_imports_nothing_but_pytest() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import gooclaim_cli.pytest_plugin;"
        "print(*sorted(name for name in set(sys.modules) - before))"
    )
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout.split() == ["gooclaim_cli", "gooclaim_cli.pytest_plugin"]
    assert ran.stderr == ""


def test_the_ini_file_and_fixtures_of_one_s_own_decide(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        gooclaim_signing_secret = whsec_fake_of_the_ini_file
        gooclaim_signed_content = timestamp.body
        """
    )
    pytester.makepyfile(
        """
        import time
        import pytest
        from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, verify

        @pytest.fixture
        def gooclaim_tenant_id():
            return "tnt_of_the_test"

        @pytest.fixture
        def gooclaim_sandbox_options():
            return {"home_url": "https://localhost:1/", "retry_schedule": ()}

        class TestOne:
            @pytest.fixture
            def gooclaim_signing_secret(self):
                return "whsec_fake_of_the_class"

            def test_secret(self, gooclaim_sandbox, gooclaim_event):
                assert gooclaim_sandbox.signing_secret == "whsec_fake_of_the_class"
                assert gooclaim_event.signing_secret == "whsec_fake_of_the_class"

        def test_all(gooclaim_event, gooclaim_sandbox):
            delivery = gooclaim_event()
            verdict = verify(
                Delivery(tuple(delivery.headers.items()), delivery.body),
                [SigningSecret("whsec_fake_of_the_ini_file")],
                now=time.time(),
                signed_content=SignedContent.TIMESTAMP_BODY,
                tenant_id="tnt_of_the_test",
            )
            assert verdict.ok
            assert gooclaim_sandbox.signing_secret == "whsec_fake_of_the_ini_file"
            outcome = gooclaim_sandbox.emit().outcome()
            assert (outcome.state, len(outcome.attempts)) == ("dead_letter", 1)
        """
    )
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=2)


def test_a_wrong_answer_is_told_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(gooclaim_event):
            gooclaim_event("workflow.started", fault="stale").check(200)
        """
    )
    ran = pytester.runpytest_inprocess(*PLUGIN)
    ran.assert_outcomes(failed=1)
    told = "*AssertionError: the handler answered 200 to workflow.started (with the fault stale)*"
    ran.stdout.fnmatch_lines([told])
    ran.stdout.no_fnmatch_line("*testing/events.py*")


def test_a_wrong_ini_entry_is_told(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ngooclaim_signed_content = header")
    pytester.makepyfile("def test_it(gooclaim_event):\n    gooclaim_event()\n")
    ran = pytester.runpytest_inprocess(*PLUGIN)
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*gooclaim_signed_content is 'header': choose from body, timest*"])
