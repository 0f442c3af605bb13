"""The providers by name, and what a person must know of each before choosing. Pure."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class TunnelKind(StrEnum):
    """What `--tunnel` takes."""

    AUTO = "auto"
    NGROK = "ngrok"
    CLOUDFLARED = "cloudflared"
    LOCAL = "local"
    URL = "url"
    NONE = "none"


# Where the TLS of a delivery ends: whoever stands there can read it.
TLS_ENDS: Final = MappingProxyType(
    {
        TunnelKind.NGROK: "TLS ends at ngrok, who can read what passes",
        TunnelKind.CLOUDFLARED: "TLS ends at Cloudflare, who can read what passes",
        TunnelKind.LOCAL: "TLS ends here, in this process",
        TunnelKind.URL: "TLS ends at your own ingress",
        TunnelKind.NONE: "TLS ends at your own ingress",
    }
)
