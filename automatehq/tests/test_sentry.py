"""Error reports that a separate process sends to a Sentry server of the test."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from businesses.models import DEFAULT_BUSINESS_ID

REQUEST_ID = "0195f1c2-7b6a-7000-8000-00000000beef"
SECRETS = [
    "PASSPORT1",  # in the query string
    "COOKIE1",
    "BEARER1",
    "BODY1",
    "LOCAL1",  # a local variable
    "VALUE1",  # the value that the database rejected
    "ARGUMENT1",  # of the command line
    "CRUMB1",  # in an earlier log message
]
SCRIPT = """
import logging, sys, types, uuid
from django.conf import settings
import django; django.setup()
import sentry_sdk
from django.db import connection, transaction
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from businesses.tenancy.context import business_scope

@csrf_exempt
def view(request):
    request.POST  # read, as a form is
    local = "LOC" + "AL1"
    logging.getLogger("x").warning("the last one was CRUMB" + "1")
    with business_scope(uuid.UUID(sys.argv[1])):
        try:
            with transaction.atomic():
                connection.cursor().execute("SELECT %s::int", ["VALUE" + "1"])
        except Exception:
            logging.getLogger("x").exception("it failed")
    raise RuntimeError("the view has failed")

urls = types.ModuleType("urls_of_a_test")
urls.urlpatterns = [path("fails", view)]
sys.modules["urls_of_a_test"] = urls
settings.ROOT_URLCONF = "urls_of_a_test"
settings.ALLOWED_HOSTS = ["testserver"]
request = RequestFactory().post(
    "/fails?passport_id=PASSPORT1", {"name": "BODY1"}, HTTP_AUTHORIZATION="Bearer BEARER1",
    HTTP_COOKIE="sessionid=COOKIE1", HTTP_X_REQUEST_ID="THE-ID",
)
# As gunicorn calls it.
answers = []
list(WSGIHandler()(request.environ, lambda status, headers: answers.append(status)))
assert answers[0].startswith("500"), answers
sentry_sdk.flush(timeout=20)
"""


class Collector(ThreadingHTTPServer):
    """A server that records all requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.taken: list[str] = []

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self.server_address[1]}/1"

    def events(self) -> list[Any]:
        """Return the events in the recorded envelopes."""
        lines = [
            json.loads(line)
            for body in self.taken
            for line in body.splitlines()
            if line.startswith("{")
        ]
        return [line for line in lines if "exception" in line]


class Taker(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.taken.append(body.decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def run(script: str, *arguments: str, **environment: str) -> Any:
    database = connection.settings_dict
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": (
                f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}"
                f":{database['PORT']}/{database['NAME']}"
            ),
            "NO_PROXY": "*",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.django_db
def test_an_error_is_reported_with_its_ids_and_nobody_s_data(
    collector: Collector,
) -> None:
    script = SCRIPT.replace("THE-ID", REQUEST_ID)
    done = run(script, str(DEFAULT_BUSINESS_ID), "ARGUMENT1", SENTRY_DSN=collector.dsn)
    assert done.returncode == 0, done.stderr
    inside, outside = collector.events()
    assert inside["tags"] == {
        "request_id": REQUEST_ID,
        "business_id": str(DEFAULT_BUSINESS_ID),
    }
    assert outside["tags"] == {"request_id": REQUEST_ID}
    assert outside["exception"]["values"][-1]["value"] == "the view has failed"
    assert outside["request"] == {"method": "POST", "url": "http://testserver/fails"}
    leaked = [word for word in SECRETS if word in "".join(collector.taken)]
    assert leaked == []


@pytest.mark.django_db
def test_without_an_address_nothing_is_sent(collector: Collector) -> None:
    script = SCRIPT.replace("THE-ID", REQUEST_ID)
    done = run(script, str(DEFAULT_BUSINESS_ID), SENTRY_DSN="")
    assert done.returncode == 0, done.stderr
    assert collector.taken == []
