"""Clients that put an installation under load and record its acknowledged writes.

Each client keeps its connections open and alternates between the two businesses. Every response is checked at once. A
row or canary of the other business anywhere in its body is a problem, independent of the status.
"""

import hashlib
import io
import itertools
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from PIL import Image

from isolation.deployment import wait_until

PASSWORD = "chalk-and-cheese-9"  # noqa: S105 -- of test users in a temporary installation
TIMEOUT = 30.0
OK, CREATED, ACCEPTED, UNAUTHORIZED, SERVER_ERROR = 200, 201, 202, 401, 500
MONTH = "2026-03"


@dataclass
class AcknowledgedWrites:
    """The acknowledged writes of one business.

    The mappings go from the id of a row to its name or hash. `attempted` has all names and hashes sent, acknowledged
    or not.
    """

    attempted: set[str] = field(default_factory=set)
    employees: dict[str, str] = field(default_factory=dict)
    scans: dict[str, str] = field(default_factory=dict)  # card → hash of the bytes
    runs: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.employees) + len(self.scans) + len(self.runs)


@dataclass
class LoadBusiness:
    """A business with the data that its administrator's requests need."""

    id: str
    name: str
    canary: str
    email: str
    site_id: str
    writes: AcknowledgedWrites = field(default_factory=AcknowledgedWrites)
    token: str = ""


@dataclass
class LoadRecord:
    """The shared record of all clients: statuses, times of requests, and problems."""

    statuses: Counter[int] = field(default_factory=Counter)
    dropped_connections: int = 0  # connections that ended without a response
    new_sign_ins: int = 0
    problems: list[str] = field(default_factory=list)
    # Begin and end of each successful request; of each failed request also a description.
    successes: list[tuple[float, float]] = field(default_factory=list)
    failures: list[tuple[float, float, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def requests(self) -> int:
        return self.statuses.total() + self.dropped_connections

    def seconds_to_success(self, moment: float) -> float | None:
        """Return the seconds from `moment` to the first success, or None.

        Requests sent before `moment` do not count.
        """
        ends = [end for start, end in self.successes if start >= moment]
        return min(ends) - moment if ends else None

    def seconds_to_last_failure(self, moment: float, until: float) -> float:
        """Return the seconds from `moment` to the last failure before `until`, or 0."""
        ends = [end for _, end, _ in self.failures if moment <= end <= until]
        return max(ends) - moment if ends else 0.0


class LoadClient:
    """An API client with one persistent connection for both businesses."""

    def __init__(
        self,
        address: str,
        businesses: tuple[LoadBusiness, LoadBusiness],
        record: LoadRecord,
    ) -> None:
        self.address = address
        self.businesses = businesses
        self.record = record
        self.session = requests.Session()

    def send(
        self,
        business: LoadBusiness,
        method: str,
        path: str,
        *,
        retry_sign_in: bool = True,
        **options: Any,
    ) -> requests.Response | None:
        """Send a request and check the response for data of the other business.

        Returns None if the connection was cut or the token had expired. After a 401 response it signs in again.
        """
        start = time.monotonic()
        headers = {"Authorization": f"Bearer {business.token}"}
        try:
            response = self.session.request(
                method,
                f"{self.address}/api/{path}",
                headers=headers,
                timeout=TIMEOUT,
                **options,
            )
        except requests.RequestException as error:
            with self.record.lock:
                self.record.dropped_connections += 1
                self.record.failures.append(
                    (start, time.monotonic(), type(error).__name__)
                )
            return None
        self._record_response(business, method, path, response, start)
        if response.status_code == UNAUTHORIZED and retry_sign_in:
            if self.sign_in(business):
                with self.record.lock:
                    self.record.new_sign_ins += 1
            return None
        return response

    def _record_response(
        self,
        business: LoadBusiness,
        method: str,
        path: str,
        response: requests.Response,
        start: float,
    ) -> None:
        end = time.monotonic()
        (other,) = (row_id for row_id in self.businesses if row_id is not business)
        with self.record.lock:
            self.record.statuses[response.status_code] += 1
            if response.status_code >= SERVER_ERROR:
                self.record.failures.append(
                    (start, end, f"{response.status_code} {path}")
                )
            elif response.status_code in (OK, CREATED, ACCEPTED):
                self.record.successes.append((start, end))
            for secret in (other.canary, other.id):
                if secret.encode() in response.content:
                    self.record.problems.append(
                        f"{business.name} received data of {other.name}: {method} {path}"
                    )

    def sign_in(self, business: LoadBusiness) -> bool:
        body = {"email": business.email, "password": PASSWORD}
        response = self.send(
            business, "POST", "auth/login", json=body, retry_sign_in=False
        )
        if response is None or response.status_code != OK:
            return False
        page = response.json()
        if page["business"]["id"] != business.id:
            self.record.problems.append(f"{business.name} was signed in to another one")
        business.token = page["access"]
        return True

    # Requests of users

    def create_employee(self, business: LoadBusiness) -> bool:
        """Create an employee with a unique name; return True if acknowledged."""
        name = f"{business.canary} {uuid.uuid4()}"
        business.writes.attempted.add(name)
        body = {"full_name": name, "site_id": business.site_id}
        response = self.send(business, "POST", "employees", json=body)
        if response is None or response.status_code != CREATED:
            return False
        business.writes.employees[response.json()["id"]] = name
        return True

    def upload(self, business: LoadBusiness) -> requests.Response | None:
        """Upload a unique scan of about 15 kB; return the response."""
        scan = make_scan()
        digest = hashlib.sha256(scan).hexdigest()
        business.writes.attempted.add(digest)
        response = self.send(
            business,
            "POST",
            "work_cards/upload",
            files=[("files", ("card.png", scan, "image/png"))],
            data={"site_id": business.site_id, "month": MONTH},
        )
        if response is not None and response.status_code == CREATED:
            (card,) = response.json()["uploaded"]
            business.writes.scans[card["id"]] = digest
        return response

    def check_list(self, business: LoadBusiness) -> None:
        """List the newest employees and check that each belongs to the business."""
        query = {"page_size": "20", "ordering": "-created_at"}
        response = self.send(business, "GET", "employees", params=query)
        if response is not None and response.status_code == OK:
            for row in response.json()["results"]:
                if row["business_id"] != business.id:
                    self.record.problems.append(
                        f"{business.name} received a row of another business"
                    )

    def export(self, business: LoadBusiness, kind: str, month: str) -> str | None:
        body = {"kind": kind, "processing_month": month}
        response = self.send(business, "POST", "export_runs", json=body)
        if response is None or response.status_code != ACCEPTED:
            return None
        run_id: str = response.json()["id"]
        business.writes.runs.add(run_id)
        return run_id

    def rows(self, business: LoadBusiness, path: str, **query: str) -> Iterator[Any]:
        """Yield all rows of a list; retry a page if the connection was cut."""
        for number in itertools.count(1):
            page = self.send_until_success(
                business,
                "GET",
                path,
                params={"page_size": 200, "page": number, **query},
            )
            yield from page["results"]
            if page["next"] is None:
                return

    def send_until_success(
        self, business: LoadBusiness, method: str, path: str, **options: Any
    ) -> Any:
        """Send a request until it succeeds; return the JSON of the response.

        Raises `RuntimeError` after 20 attempts.
        """
        response = None
        for _ in range(20):
            response = self.send(business, method, path, **options)
            if response is not None and response.ok:
                return response.json() if response.content else None
            time.sleep(0.2)
        raise RuntimeError(f"{method} {path}: {response and response.text}")


def make_scan() -> bytes:
    """Return a PNG picture of random noise."""
    noise = Image.frombytes("L", (96, 128), random.randbytes(96 * 128))  # noqa: S311 -- no secret
    output = io.BytesIO()
    noise.save(output, "PNG")
    return output.getvalue()


class Load:
    """A context manager that runs `clients` threads of requests until its block ends."""

    def __init__(
        self,
        address: str,
        businesses: tuple[LoadBusiness, LoadBusiness],
        record: LoadRecord,
        clients: int,
    ) -> None:
        self.ended = threading.Event()
        self.threads = [
            threading.Thread(
                target=self._work,
                args=(number, LoadClient(address, businesses, record)),
            )
            for number in range(clients)
        ]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _work(self, number: int, client: LoadClient) -> None:
        for turn in itertools.count(number):
            if self.ended.is_set():
                client.session.close()
                return
            business = client.businesses[turn % 2]
            if number == 0 and turn % 8 < 2:
                client.upload(business)
            elif turn % 3 == 0:
                client.check_list(business)
            else:
                client.create_employee(business)


def compare_with_stored(
    client: LoadClient, business: LoadBusiness
) -> Mapping[str, int]:
    """Compare the stored rows and scans with the acknowledged ones.

    Returns the counts {"lost": n, "doubled": n, "unacknowledged": n}.
    """
    writes = business.writes
    stored = {
        row["id"]: row["full_name"]
        for row in client.rows(business, "employees")
        if row["full_name"].startswith(business.canary)
    }
    cards = {
        row["id"]: row["sha256_hash"]
        for row in client.rows(business, "work_cards", month=MONTH)
        if row["has_file"]
    }
    lost = [
        *(
            f"{name}"
            for row_id, name in writes.employees.items()
            if stored.get(row_id) != name
        ),
        *(
            f"{digest}"
            for row_id, digest in writes.scans.items()
            if cards.get(row_id) != digest
        ),
    ]
    times = Counter([*stored.values(), *cards.values()])
    doubled = [write for write, count in times.items() if count > 1]
    unexpected = set(times) - writes.attempted
    # Compare the bytes of the scans, in addition to their rows.
    for card_id, digest in writes.scans.items():
        response = client.send(business, "GET", f"work_cards/{card_id}/file")
        if (
            response is None
            or not response.ok
            or hashlib.sha256(response.content).hexdigest() != digest
        ):
            lost.append(f"the scan of {card_id}")
    client.record.problems += [f"{business.name} has lost: {write}" for write in lost]
    client.record.problems += [
        f"{business.name} stores twice: {write}" for write in doubled
    ]
    client.record.problems += [
        f"{business.name} stores an unknown write: {write}" for write in unexpected
    ]
    acknowledged = {*writes.employees.values(), *writes.scans.values()}
    return {
        "lost": len(lost),
        "doubled": len(doubled),
        "unacknowledged": len(set(times) - acknowledged),
    }


def check_exports(client: LoadClient, business: LoadBusiness) -> int:
    """Return the number of acknowledged export runs that have no file in the end."""
    lost = 0
    for run_id in business.writes.runs:
        path = f"export_runs/{run_id}"
        try:
            wait_until(
                lambda path=path: (  # type: ignore[misc]
                    client.send_until_success(business, "GET", path)["status"]
                    in ("DONE", "FAILED")
                ),
                f"the export {run_id}",
                timeout=400,
            )
        except TimeoutError as error:
            client.record.problems.append(str(error))
        response = client.send(business, "GET", f"{path}/file")
        if response is None or not response.ok:
            lost += 1
            client.record.problems.append(f"the export {run_id} has no file")
    return lost


def count_wrong_audit_events(client: LoadClient, business: LoadBusiness) -> int:
    """Return the number of acknowledged employees without exactly one audit event."""
    events: dict[str, int] = {}
    path = "audit_events"
    query: dict[str, Any] = {"event_type": "employee_created", "page_size": 200}
    while True:
        page = client.send_until_success(business, "GET", path, params=query)
        for event in page["results"]:
            events[event["entity_id"]] = events.get(event["entity_id"], 0) + 1
        if page["next"] is None:
            break
        path, query = page["next"].split("/api/", 1)[1], {}
    wrong = [row_id for row_id in business.writes.employees if events.get(row_id) != 1]
    client.record.problems += [
        f"the audit trail does not have {row_id} exactly once" for row_id in wrong
    ]
    return len(wrong)
