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
ASK_EVERY = 0.1
PREVIEW = "/api/employees/import/preview"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--imports", type=int, default=12)
    given = parser.parse_args()
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        migrate()
        attackers, victim = people(given.imports)
        database = Database(connection.settings_dict["NAME"])
        size = {"workers": given.workers, "threads": given.threads}
        with gunicorn(database, MEDIA_ROOT=folder, **size) as server:
            measure(f"http://127.0.0.1:{server.port}", attackers, victim)


def people(count: int) -> tuple[list[str], str]:
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


def measure(address: str, attackers: list[str], victim: str) -> None:
    hostile, honest = hostile_workbook(), honest_list()
    calm = sorted(ask(address, victim) for _ in range(20))
    _, calm_import = send(address, victim, honest)
    ended = threading.Event()
    meanwhile: list[float] = []

    def keep_asking() -> None:
        while not ended.is_set():
            meanwhile.append(ask(address, victim))
            time.sleep(ASK_EVERY)

    answers: list[tuple[str, float]] = []
    threads = [
        threading.Thread(
            target=lambda token=token: answers.append(send(address, token, hostile))
        )
        for token in attackers
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    asker = threading.Thread(target=keep_asking)
    asker.start()
    honest_answer, honest_seconds = send(address, victim, honest)
    for thread in threads:
        thread.join()
    ended.set()
    asker.join()
    meanwhile.sort()
    told = collections.Counter(answer for answer, _ in answers)
    print("| | |\n|---|---|")
    rows = {
        f"{len(attackers)} imports of {len(hostile) / 1000:,.0f} kB": ", ".join(
            f"{count} × {answer}" for answer, count in told.most_common()
        ),
        "the last of them answered after": f"{max(s for _, s in answers):.1f} s",
        "`GET /auth/me` before, middle": f"{calm[len(calm) // 2] * 1000:.0f} ms",
        "meanwhile, middle / slowest of "
        f"{len(meanwhile)}": f"{meanwhile[len(meanwhile) // 2]:.2f} / {meanwhile[-1]:.2f} s",
        "honest import of 1,000 rows before": f"{calm_import:.1f} s",
        "meanwhile": f"{honest_seconds:.1f} s, {honest_answer}",
    }
    for name, value in rows.items():
        print(f"| {name} | {value} |", flush=True)


def ask(address: str, token: str) -> float:
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{address}/api/auth/me", headers=headers)  # noqa: S310
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
        answer.read()
    return time.monotonic() - began


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
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
            answer.read()
            told = str(answer.status)
    except urllib.error.HTTPError as error:
        code = json.loads(error.read())["errors"][0]["code"]
        told = f"{error.code} {code}"
    return told, time.monotonic() - began


def honest_list() -> bytes:
    rows: Any = [(f"P{number:08}", f"Worker {number}") for number in range(1000)]
    return as_csv(("Passport", "Full name"), *rows)


def hostile_workbook() -> bytes:
    """Return an XLSX file with millions of shared strings; its only row refers to the last of them."""

    def rels(*targets: tuple[str, str]) -> str:
        found = "".join(
            f'<Relationship Id="rId{n}" Type="{RELATED}/{kind}" Target="{target}"/>'
            for n, (kind, target) in enumerate(targets, start=1)
        )
        return f'<Relationships xmlns="{PACKAGE}">{found}</Relationships>'

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
