"""The README's examples, run as their readers would run them, with the real frameworks."""

import re
from pathlib import Path

import pytest

from tests.plugin import apps
from tests.programs import needs_packages

pytest_plugins = ["pytester"]
README = Path(__file__).parents[2].joinpath("README.md").read_text("utf-8")
SECTION = README.partition("## Testing with pytest\n")[2].partition("\n## ")[0]
EXAMPLES = re.findall(r"^```python\n(.*?)^```", SECTION, re.M | re.S)
FAULTS = 16
WARNINGS = "error"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a handler in each framework, and the examples as its tests."""
    pytester.makepyfile(
        inbox=apps.VERIFY,
        fastapi_app=apps.FASTAPI,
        flask_app=apps.FLASK,
        **{"mysite/urls": apps.DJANGO, "mysite/settings": apps.DJANGO_SETTINGS},
    )
    plugins, fastapi, flask, django_setup, django, sandbox = EXAMPLES
    pytester.makeconftest("\n".join((plugins, apps.CONFTEST, django_setup)))
    pytester.makepyfile(
        test_fastapi=fastapi,
        test_flask=flask,
        test_django=django,
        test_sandbox=sandbox,
    )
    pytester.makeini(f"[pytest]\nfilterwarnings = {WARNINGS}\n")
    return pytester


@needs_packages("django", "fastapi", "flask", "httpx2")
def test_they_pass_side_by_side_and_warn_of_nothing(project: pytest.Pytester) -> None:
    ran = project.runpytest_subprocess("-n", "2", "--dist", "loadfile")
    ran.assert_outcomes(passed=3 + FAULTS)
