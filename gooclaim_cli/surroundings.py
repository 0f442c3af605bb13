"""What a listening session runs in: a sandbox of its own where one is asked for."""

import dataclasses
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gooclaim_cli.happenings import SandboxFacts
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.paths import EVENT_TYPES_PATH, WEBHOOK_CONFIG_PATH
from gooclaim_cli.wire import SigningSecret

if TYPE_CHECKING:  # loaded only where a sandbox is asked for
    from gooclaim_cli.sandbox import Sandbox, SandboxOptions
    from gooclaim_cli.stories.staging import StoryPlan
    from gooclaim_cli.told import Told


async def start_sandbox(
    stack: AsyncExitStack, options: "SandboxOptions", settings: Settings, told: "Told"
) -> "tuple[Path, Sandbox]":
    """Start a sandbox that ends with the stack.

    Returns a folder for the journal and the secrets, which die with it, and the sandbox. `told`
    hears of each event that it gives up.
    """
    from gooclaim_cli.dead_letters import DeadLetters
    from gooclaim_cli.sandbox import run_sandbox  # costs start-up

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gooclaim-")))
    running = run_sandbox(
        options,
        folder=folder,
        signed_content=settings.signed_content,
        observe=DeadLetters(told).observe,
    )
    sandbox = await stack.enter_async_context(running)
    return folder, sandbox


async def begin_story(
    stack: AsyncExitStack,
    story: "StoryPlan | None",
    sandbox: "Sandbox | None",
    told: "Told",
    fail: Callable[[BaseException], None],
) -> None:
    """Have the sandbox play a story, where there is one, until the stack ends."""
    if story is None or sandbox is None:
        return
    from gooclaim_cli.stories.staging import staged  # costs start-up

    await stack.enter_async_context(staged(story, sandbox, told.tell, told.notice, fail))


def settings_for(sandbox: SandboxFacts, settings: Settings) -> Settings:
    """The sandbox's account in place of the user's own, which it has nothing to do with."""
    return dataclasses.replace(
        settings,
        api_url=sandbox.api_url,
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        tenant_id=sandbox.tenant_id,
        signing_secrets=(SigningSecret(sandbox.signing_secret),),
        home_url=None,
        webhook_config_path=WEBHOOK_CONFIG_PATH,
        event_types_path=EVENT_TYPES_PATH,
    )
