"""Both entrances of the receiver, for what holds whichever is taken."""

import pytest

from .support import Door


@pytest.fixture(params=["direct", "ordinary"])
def entrance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whichever entrance a delivery comes, the same holds."""
    monkeypatch.setattr(Door, "direct", request.param == "direct")
