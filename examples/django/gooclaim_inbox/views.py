"""Gooclaim's webhook: a delivery is checked, stored, answered. Worked on it is by `process_events`.

A 2xx means "safely stored": what fails later is tried again there, not by Gooclaim.
"""

import hashlib
import hmac
import json
import re
import time
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from gooclaim_inbox.models import Delivery

TOLERANCE = 5 * 60  # seconds that a timestamp may be off, either way
LONGEST_KEY = 255


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    try:
        body = request.body  # what was signed, before anything parses it
    except RequestDataTooBig:
        return HttpResponse(status=413)
    if not is_signed(body, request.headers.get("X-Gooclaim-Signature", "")):
        return HttpResponse(status=401)
    timestamp = request.headers.get("X-Gooclaim-Timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE:
        return HttpResponse(status=401)
    event = read_event(body)
    key = request.headers.get("X-Gooclaim-Idempotency-Key", "")
    if event is None or not 0 < len(key) <= LONGEST_KEY:
        return HttpResponse(status=400)
    if request.headers.get("X-Gooclaim-Event", event["event_type"]) != event["event_type"]:
        return HttpResponse(status=400)
    Delivery.arrive(key, body)  # raises: 500, and Gooclaim tries again
    return HttpResponse(status=202)


def is_signed(body: bytes, given: str) -> bool:
    secrets = [secret.encode() for secret in settings.GOOCLAIM_SIGNING_SECRETS]
    expected = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    return any(hmac.compare_digest(each, given.encode()) for each in expected)  # in constant time


def read_event(body: bytes) -> dict[str, Any] | None:
    """The envelope, or None. Members and event types of a later version are no error."""
    try:
        event = json.loads(body)
        datetime.fromisoformat(event["occurred_at"])
        named = [event[name] for name in ("event_id", "event_type", "tenant_id")]
        is_whole = all(isinstance(name, str) and name for name in named)
        return event if is_whole and isinstance(event["data"], dict) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
