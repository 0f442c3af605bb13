"""Lease: the time for which our URL is in the tenant's configuration.

Whatever happens in between, `end` undoes `begin`; a failure to do so is kept, not raised, so that
the rest of a session is undone too.
"""

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from gooclaim_cli import private_files
from gooclaim_cli.errors import ApiError, GooclaimError
from gooclaim_cli.tenant.journal import HomeWebhook
from gooclaim_cli.tenant.registration import Registration
from gooclaim_cli.wire import SigningSecret

_END_WITHIN: Final = 10.0


class Lease:
    """`restored`: whether the configuration is what it was before; None before `end`."""

    def __init__(self, registration: Registration, *, secret_file: Path) -> None:
        self._registration = registration
        self._secret_file = secret_file
        self.restored: bool | None = None
        self.failure: ApiError | None = None

    async def begin(self, url: str) -> tuple[HomeWebhook | None, SigningSecret | None]:
        """Register; return what was there before, and the signing secret if the answer tells it.

        A secret is on the disk before anything else happens: a lost one cannot be had again.
        Raises ApiProblem; `end` is due all the same.
        """
        home, answer = await self._registration.register(url)
        if answer.secret is None:
            return home, None
        private_files.write(
            self._secret_file, msgspec.json.encode({"signing_secret": answer.secret})
        )
        return home, SigningSecret(answer.secret)

    async def end(self) -> None:
        """Put back what was there, or keep the reason why that could not be done."""
        if not self._registration.begun:
            return  # nothing was changed: an earlier session's journal is not ours to clear
        try:
            async with asyncio.timeout(_END_WITHIN):
                self.restored = await self._registration.restore()
        except (GooclaimError, TimeoutError) as error:
            self.restored = False
            reason = error.message if isinstance(error, GooclaimError) else "no answer in time"
            self.failure = ApiError(
                f"the tenant's URL could not be put back: {reason}",
                "it still points at this session: set it right in the Console, or run gooclaim"
                " listen again, which takes up what this one left",
            )
