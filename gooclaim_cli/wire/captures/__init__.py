"""Saved deliveries, in the formats that tools write: bytes in, captures out.

`read` tells the format by the content and yields captures as they come; one module a format. Pure:
what opens files is elsewhere.
"""

from gooclaim_cli.wire.captures.capture import Capture, CaptureError, Format, Unreadable
from gooclaim_cli.wire.captures.reading import read, read_raw_body

__all__ = ["Capture", "CaptureError", "Format", "Unreadable", "read", "read_raw_body"]
