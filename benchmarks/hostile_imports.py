"""Measure the delay that concurrent hostile imports cause for another business.

    python -m benchmarks.hostile_imports [--workers 3] [--threads 4] [--imports 12]

gunicorn with production settings serves a temporary database. Each import is an XLSX file of 249 kB, and its table of
shared strings has millions of empty entries. A different user of one business sends each. A user of another business
requests `GET /api/auth/me` every 100 ms and imports a normal file of 1,000 rows. The program prints a table in Markdown.
"""

import argparse
import collections
import io
import json
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from typing import Any

from django.db import connection

from accounts.credentials import create_account
from accounts.models import User
from accounts.roles import Role
from accounts.tests.personas import make_personas
from accounts.token_sessions import start_sign_in
from businesses.tenancy.context import business_scope
from tests.scratch_database import migrate, scratch_database
from workforce.tests.employee_import.import_files import as_csv

from .databases import Database
from .servers import gunicorn

EMPTY_STRINGS = 19_900_000
FILE_BYTES = 249_000
REQUEST_INTERVAL = 0.1
PREVIEW = "/api/employees/import/preview"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--imports", type=int, default=12)
    options = parser.parse_args()
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        migrate()
        attackers, other_user = create_users(options.imports)
        database = Database(connection.settings_dict["NAME"])
        size = {"workers": options.workers, "threads": options.threads}
        with gunicorn(database, MEDIA_ROOT=folder, **size) as server:
            measure(f"http://127.0.0.1:{server.port}", attackers, other_user)


def create_users(count: int) -> tuple[list[str], str]:
    """Return tokens of `count` reviewers of one business, and of a reviewer of another."""
    acme, globex = make_personas("Acme"), make_personas("Globex")
    with business_scope(acme.id):
        users = [
            User.objects.create(
                email=f"attacker{number}@benchmark.example",
                full_name="Attacker",
                role=Role.REVIEWER,
                account_id=create_account(email=None, password_hash="!"),  # noqa: S106 -- no one signs in with it
            )
            for number in range(count)
        ]
    tokens = [start_sign_in(user).access for user in users]
    return tokens, start_sign_in(globex.reviewer).access


def measure(address: str, attackers: list[str], other_user: str) -> None:
    hostile, normal = hostile_workbook(), normal_list()
    idle_times = sorted(time_request(address, other_user) for _ in range(20))
    _, idle_import = send(address, other_user, normal)
    stop = threading.Event()
    load_times: list[float] = []

    def send_repeatedly() -> None:
        while not stop.is_set():
            load_times.append(time_request(address, other_user))
            time.sleep(REQUEST_INTERVAL)

    responses: list[tuple[str, float]] = []
    threads = [
        threading.Thread(
            target=lambda token=token: responses.append(send(address, token, hostile))
        )
        for token in attackers
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    sender = threading.Thread(target=send_repeatedly)
    sender.start()
    normal_response, normal_seconds = send(address, other_user, normal)
    for thread in threads:
        thread.join()
    stop.set()
    sender.join()
    load_times.sort()
    outcomes = collections.Counter(response for response, _ in responses)
    print("| | |\n|---|---|")
    rows = {
        f"{len(attackers)} imports of {len(hostile) / 1000:,.0f} kB": ", ".join(
            f"{count} × {response}" for response, count in outcomes.most_common()
        ),
        "last response after": f"{max(s for _, s in responses):.1f} s",
        "`GET /auth/me` before, median": f"{idle_times[len(idle_times) // 2] * 1000:.0f} ms",
        "during the imports, median / slowest of "
        f"{len(load_times)}": f"{load_times[len(load_times) // 2]:.2f} / {load_times[-1]:.2f} s",
        "normal import of 1,000 rows before": f"{idle_import:.1f} s",
        "during the imports": f"{normal_seconds:.1f} s, {normal_response}",
    }
    for name, value in rows.items():
        print(f"| {name} | {value} |", flush=True)


def time_request(address: str, token: str) -> float:
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{address}/api/auth/me", headers=headers)  # noqa: S310
    start = time.monotonic()
    with urllib.request.urlopen(request, timeout=600) as response:  # noqa: S310
        response.read()
    return time.monotonic() - start


def send(address: str, token: str, data: bytes) -> tuple[str, float]:
    """Preview a file; return status and code of the response, and the seconds."""
    body = (
        b'--limit\r\nContent-Disposition: form-data; name="file"; filename="list"\r\n\r\n'
        + data
        + b"\r\n--limit--\r\n"
    )
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "multipart/form-data; boundary=limit",
    }
    request = urllib.request.Request(f"{address}{PREVIEW}", body, headers)  # noqa: S310
    start = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=600) as response:  # noqa: S310
            response.read()
            outcome = str(response.status)
    except urllib.error.HTTPError as error:
        code = json.loads(error.read())["errors"][0]["code"]
        outcome = f"{error.code} {code}"
    return outcome, time.monotonic() - start


def normal_list() -> bytes:
    rows: Any = [(f"P{number:08}", f"Worker {number}") for number in range(1000)]
    return as_csv(("Passport", "Full name"), *rows)


def hostile_workbook() -> bytes:
    """Return an XLSX file with millions of shared strings; its only row refers to the last of them."""

    def rels(*targets: tuple[str, str]) -> str:
        relationships = "".join(
            f'<Relationship Id="rId{n}" Type="{RELATED}/{kind}" Target="{target}"/>'
            for n, (kind, target) in enumerate(targets, start=1)
        )
        return f'<Relationships xmlns="{PACKAGE}">{relationships}</Relationships>'

    content = "http://schemas.openxmlformats.org/package/2006/content-types"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{content}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>',
        "_rels/.rels": rels(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": rels(
            ("worksheet", "worksheets/sheet1.xml"),
            ("sharedStrings", "sharedStrings.xml"),
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="s"><v>{EMPTY_STRINGS - 1}</v></c></row></sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"<si/>" * EMPTY_STRINGS}</sst>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        padding = bytes(max(0, FILE_BYTES - out.tell() - 1000))
        archive.writestr("xl/media/image1.png", padding, zipfile.ZIP_STORED)
    return out.getvalue()


if __name__ == "__main__":
    main()
