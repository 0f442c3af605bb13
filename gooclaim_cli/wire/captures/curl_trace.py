"""What `curl --trace FILE` writes: every byte that was sent, in hexadecimal.

`--trace-ascii` does not keep the bytes, and is refused with a hint.
"""

import re
from collections.abc import Iterable
from typing import Final

from gooclaim_cli.wire.captures import http_request
from gooclaim_cli.wire.captures.capture import Capture, CaptureError, Format, Records

_STAMP: Final = rb"(?:\d\d:\d\d:\d\d\.\d{6} )?(?:\[[0-9x-]{1,40}\] )?"
START: Final = re.compile(_STAMP + rb"(?:== Info: |[=<]= |[=<][=>] (?:Send|Recv) )")
_SECTION: Final = re.compile(_STAMP + rb"(=> Send (?:header|data)|[=<][=>] )")
_HEX: Final = re.compile(rb"[0-9a-f]{4,16}: ((?:[0-9a-f]{2} ){1,16})")


def from_lines(found: Iterable[bytes], source: str) -> Records:
    """Read the requests that were sent. Raises CaptureError where there are none."""
    sent = bytearray()
    wanted = False
    for line in found:
        section = _SECTION.match(line)
        if section is not None:
            wanted = section[1].startswith(b"=> Send ")
            continue
        if wanted and line.strip():
            digits = _HEX.match(line)
            if digits is None:
                raise CaptureError(
                    "this trace of curl has no bytes, as --trace-ascii writes it",
                    "take it anew with curl --trace FILE",
                )
            sent += bytes.fromhex(digits[1].decode())
    for each in http_request.from_bytes(bytes(sent), source):
        if isinstance(each, Capture):
            each = Capture(each.source, Format.CURL_TRACE, each.headers, each.body)
        yield each
