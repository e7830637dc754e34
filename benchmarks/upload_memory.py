"""Measure the largest upload: 50 files of 10 MB in one request to gunicorn with production settings.

    python -m benchmarks.upload_memory [--files 50] [--megabytes 10] [--workers 2] [--threads 4]

A temporary database is used. During the upload another user requests a list of employees every 100 ms. The program
prints a table in Markdown: the peak memory (RSS) of gunicorn's processes and of the processes that read the files, the
seconds of the upload, and the times of the lists before and during the upload. Linux only, because it reads /proc.
"""

import argparse
import json
import secrets
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
from django.db import connection
from PIL import Image

from accounts.credentials import create_account
from accounts.models import User
from accounts.roles import Role
from accounts.token_sessions import start_sign_in
from businesses.models import DEFAULT_BUSINESS_ID
from businesses.tenancy.context import business_scope
from tests.scratch_database import migrate, scratch_database
from workforce.models import Employee, Site

from .databases import Database
from .servers import gunicorn

POLL_INTERVAL = 0.02
REQUEST_INTERVAL = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4)
    options = parser.parse_args()
    pictures = [
        picture(int(options.megabytes * 1024**2), number)
        for number in range(options.files)
    ]
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        migrate()
        site_id, uploader, viewer = create_users()
        body = Path(folder, "body")
        write_form(body, site_id, pictures)
        del pictures
        size = {"workers": options.workers, "threads": options.threads}
        database = Database(connection.settings_dict["NAME"])
        with gunicorn(database, MEDIA_ROOT=folder, **size) as server:
            address = f"http://127.0.0.1:{server.port}"
            measure(address, server.process, body, uploader, viewer)


def measure(
    address: str, server: psutil.Process, body: Path, uploader: str, viewer: str
) -> None:
    stop = threading.Event()
    peaks: dict[str, int] = {}
    idle_times = [time_request(address, viewer) for _ in range(20)]
    before = memory(server)
    watcher = threading.Thread(target=watch, args=[server, peaks, stop])
    load_times: list[float] = []

    def send_repeatedly() -> None:
        while not stop.is_set():
            load_times.append(time_request(address, viewer))
            time.sleep(REQUEST_INTERVAL)

    sender = threading.Thread(target=send_repeatedly)
    watcher.start()
    sender.start()
    started = time.monotonic()
    response = send(address, uploader, body)
    seconds = time.monotonic() - started
    stop.set()
    watcher.join()
    sender.join()
    size = body.stat().st_size / 1024**2
    idle_times.sort()
    load_times.sort()
    print(f"{len(response['uploaded'])} cards, {len(response['failed'])} failed")
    print("| | |\n|---|---|")
    rows = {
        f"upload of {size:,.0f} MB": f"{seconds:.1f} s",
        "a process of gunicorn before": f"{max(before.values()):,.0f} MB",
        "the process that took it, at most": f"{peaks['server'] / 1024**2:,.0f} MB",
        "a process that reads a file, at most": f"{peaks['reader'] / 1024**2:,.0f} MB",
        "all together, at most": f"{peaks['all'] / 1024**2:,.0f} MB",
        "a list before, middle": f"{idle_times[len(idle_times) // 2] * 1000:.0f} ms",
        "a list meanwhile, middle / slowest of "
        f"{len(load_times)}": f"{load_times[len(load_times) // 2] * 1000:.0f} / {load_times[-1] * 1000:.0f} ms",
    }
    for name, value in rows.items():
        print(f"| {name} | {value} |")


def picture(size: int, seed: int) -> bytes:
    """Return a JPEG of `size` bytes: 24 megapixels, and random bytes after the end of the picture."""
    noise = Image.effect_noise((1500, 1000), 40 + seed % 7).resize((6000, 4000))
    output = BytesIO()
    for quality in (95, 90, 80, 60, 30):
        output = BytesIO()
        noise.convert("RGB").save(output, "JPEG", quality=quality)
        if output.tell() < size:
            break
    return output.getvalue() + secrets.token_bytes(size - output.tell())


def create_users() -> tuple[uuid.UUID, str, str]:
    """Create a site with employees; return its id and the tokens of an uploader and a viewer."""
    with business_scope(DEFAULT_BUSINESS_ID):
        site = Site.objects.create(
            site_name="Benchmark Quay", steward_id=DEFAULT_BUSINESS_ID
        )
        for number in range(100):
            Employee.objects.create(full_name=f"Worker {number}", site=site)
        users = [
            User.objects.create(
                email=f"{role.lower()}@benchmark.example",
                full_name=role.title(),
                role=role,
                account_id=create_account(email=None, password_hash="!"),  # noqa: S106 -- no one signs in with it
            )
            for role in (Role.UPLOADER, Role.VIEWER)
        ]
    uploader, viewer = (start_sign_in(user).access for user in users)
    return site.pk, uploader, viewer


def write_form(path: Path, site_id: uuid.UUID, pictures: list[bytes]) -> None:
    with path.open("wb") as form:
        form.write(
            b'--limit\r\nContent-Disposition: form-data; name="site_id"\r\n\r\n%b\r\n'
            % str(site_id).encode()
        )
        for number, data in enumerate(pictures):
            form.write(
                b'--limit\r\nContent-Disposition: form-data; name="files"; filename="%d.jpg"\r\n'
                b"Content-Type: image/jpeg\r\n\r\n%b\r\n" % (number, data)
            )
        form.write(b"--limit--\r\n")


def time_request(address: str, token: str) -> float:
    """Request a list of employees; return the seconds."""
    request = urllib.request.Request(  # noqa: S310 -- our own server
        f"{address}/api/employees", headers={"Authorization": f"Bearer {token}"}
    )
    started = time.monotonic()
    with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
        response.read()
    return time.monotonic() - started


def send(address: str, token: str, body: Path) -> Any:
    with body.open("rb") as form:
        request = urllib.request.Request(  # noqa: S310 -- our own server
            f"{address}/api/work_cards/upload",
            data=form,
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "multipart/form-data; boundary=limit",
                "Content-Length": str(body.stat().st_size),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise SystemExit(error.read().decode()) from error


def memory(server: psutil.Process) -> dict[int, float]:
    return {child.pid: child.memory_info().rss / 1024**2 for child in server.children()}


def watch(server: psutil.Process, peaks: dict[str, int], stop: threading.Event) -> None:
    """Record the peak memory of each kind of process, in bytes, until `stop`."""
    peaks.update(server=0, reader=0, all=0)
    while not stop.is_set():
        total = server.memory_info().rss
        for process in server.children(recursive=True):
            try:
                size = process.memory_info().rss
                kind = "server" if process.ppid() == server.pid else "reader"
            except psutil.NoSuchProcess:
                continue
            total += size
            peaks[kind] = max(peaks[kind], size)
        peaks["all"] = max(peaks["all"], total)
        time.sleep(POLL_INTERVAL)


if __name__ == "__main__":
    main()
