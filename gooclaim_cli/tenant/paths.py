"""The API's paths that Gooclaim has not published: defaults, each one a setting."""

from typing import Final

WEBHOOK_CONFIG_PATH: Final = "/v1/tenants/{tenant_id}/webhook"
EVENT_TYPES_PATH: Final = "/v1/webhooks/event-types"
