"""The handlers that the tests of the README's examples test: small, right, and real."""

VERIFY = '''
import time
from gooclaim_cli.wire import IDEMPOTENCY_KEY_HEADER, Delivery, SigningSecret, verify

SECRET = SigningSecret("whsec_obviously_fake")

class Inbox:
    """Judges a delivery and remembers what was processed."""

    def __init__(self):
        self.keys, self.processed = set(), []

    def status(self, headers, body):
        if len(body) > 1_000_000:
            return 413
        delivery = Delivery(tuple(headers), body)
        verdict = verify(delivery, [SECRET], now=time.time())
        if not verdict.ok:
            return 401
        key = delivery.value(IDEMPOTENCY_KEY_HEADER)
        if key not in self.keys:
            self.keys.add(key)
            self.processed.append(verdict.event.event_id)
        return 200
'''

FASTAPI = """
from fastapi import FastAPI, Request, Response
from inbox import Inbox

app = FastAPI()
inbox = Inbox()
app.state.processed = inbox.processed

@app.post("/hooks")
async def hooks(request: Request) -> Response:
    return Response(status_code=inbox.status(request.headers.items(), await request.body()))
"""

FLASK = """
from flask import Flask, request
from inbox import Inbox

app = Flask(__name__)
inbox = Inbox()

@app.post("/hooks")
def hooks():
    return "", inbox.status(request.headers.items(), request.get_data())
"""

DJANGO_SETTINGS = 'ROOT_URLCONF = "mysite.urls"; SECRET_KEY = "fake"'

DJANGO = """
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from inbox import Inbox

inbox = Inbox()

@csrf_exempt
def hooks(request):
    return HttpResponse(status=inbox.status(request.headers.items(), request.body))

urlpatterns = [path("hooks/", hooks)]
"""

CONFTEST = """
import threading
import pytest
from werkzeug.serving import make_server

@pytest.fixture
def handler_url():
    from flask_app import app

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks"
    server.shutdown()
    thread.join()
    server.server_close()
"""
