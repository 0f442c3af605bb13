"""The event types that Gooclaim's API lists: more come in later versions of the catalogue."""

from gooclaim_cli.tenant.api import EVENT_TYPES_PATH, TenantApi
from gooclaim_cli.tenant.http import ApiProblem
from gooclaim_cli.wire import EventType


async def listed_event_types(api: TenantApi, path: str | None = None) -> tuple[EventType, ...]:
    """Ask for the list, in its order. Raises ApiProblem, also where the answer is no list."""
    path = path or EVENT_TYPES_PATH
    found = (await api.get(path)).get("event_types")
    entries = found if isinstance(found, list) else [None]
    types = tuple(
        EventType(each["name"], str(each.get("description", "")))
        for each in entries
        if isinstance(each, dict) and isinstance(each.get("name"), str)
    )
    if len(types) != len(entries):
        raise ApiProblem(
            f"{path}: the answer holds no list of event types",
            "is GOOCLAIM_EVENT_TYPES_PATH right?",
            status=200,
        )
    return types
