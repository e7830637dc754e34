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
class Written:
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
class Business:
    """A business with the data that its administrator's requests need."""

    id: str
    name: str
    canary: str
    email: str
    site_id: str
    written: Written = field(default_factory=Written)
    token: str = ""


@dataclass
class Watch:
    """The shared record of all clients: statuses, times of requests, and problems."""

    statuses: Counter[int] = field(default_factory=Counter)
    cut: int = 0  # connections that ended without an answer
    signed_in_anew: int = 0
    problems: list[str] = field(default_factory=list)
    # Begin and end of each successful request; of each failed request also a description.
    good: list[tuple[float, float]] = field(default_factory=list)
    bad: list[tuple[float, float, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def requests(self) -> int:
        return self.statuses.total() + self.cut

    def first_good_after(self, moment: float) -> float | None:
        """Return the seconds from `moment` to the first success, or None.

        Requests sent before `moment` do not count.
        """
        ends = [end for begun, end in self.good if begun >= moment]
        return min(ends) - moment if ends else None

    def last_bad_between(self, moment: float, until: float) -> float:
        """Return the seconds from `moment` to the last failure before `until`, or 0."""
        ends = [end for _, end, _ in self.bad if moment <= end <= until]
        return max(ends) - moment if ends else 0.0


class Client:
    """An API client with one persistent connection for both businesses."""

    def __init__(
        self, address: str, businesses: tuple[Business, Business], watch: Watch
    ) -> None:
        self.address = address
        self.businesses = businesses
        self.watch = watch
        self.session = requests.Session()

    def ask(
        self,
        business: Business,
        method: str,
        path: str,
        *,
        retry_sign_in: bool = True,
        **options: Any,
    ) -> requests.Response | None:
        """Send a request and check the response for data of the other business.

        Returns None if the connection was cut or the token had expired. After a 401 response it signs in again.
        """
        begun = time.monotonic()
        headers = {"Authorization": f"Bearer {business.token}"}
        try:
            answer = self.session.request(
                method,
                f"{self.address}/api/{path}",
                headers=headers,
                timeout=TIMEOUT,
                **options,
            )
        except requests.RequestException as error:
            with self.watch.lock:
                self.watch.cut += 1
                self.watch.bad.append((begun, time.monotonic(), type(error).__name__))
            return None
        self._note(business, method, path, answer, begun)
        if answer.status_code == UNAUTHORIZED and retry_sign_in:
            if self.sign_in(business):
                with self.watch.lock:
                    self.watch.signed_in_anew += 1
            return None
        return answer

    def _note(
        self,
        business: Business,
        method: str,
        path: str,
        answer: requests.Response,
        begun: float,
    ) -> None:
        end = time.monotonic()
        (other,) = (each for each in self.businesses if each is not business)
        with self.watch.lock:
            self.watch.statuses[answer.status_code] += 1
            if answer.status_code >= SERVER_ERROR:
                self.watch.bad.append((begun, end, f"{answer.status_code} {path}"))
            elif answer.status_code in (OK, CREATED, ACCEPTED):
                self.watch.good.append((begun, end))
            for secret in (other.canary, other.id):
                if secret.encode() in answer.content:
                    self.watch.problems.append(
                        f"{business.name} got something of {other.name}: {method} {path}"
                    )

    def sign_in(self, business: Business) -> bool:
        body = {"email": business.email, "password": PASSWORD}
        answer = self.ask(
            business, "POST", "auth/login", json=body, retry_sign_in=False
        )
        if answer is None or answer.status_code != OK:
            return False
        said = answer.json()
        if said["business"]["id"] != business.id:
            self.watch.problems.append(f"{business.name} was signed in to another one")
        business.token = said["access"]
        return True

    # Requests of users

    def hire(self, business: Business) -> bool:
        """Create an employee with a unique name; return True if acknowledged."""
        name = f"{business.canary} {uuid.uuid4()}"
        business.written.attempted.add(name)
        body = {"full_name": name, "site_id": business.site_id}
        answer = self.ask(business, "POST", "employees", json=body)
        if answer is None or answer.status_code != CREATED:
            return False
        business.written.employees[answer.json()["id"]] = name
        return True

    def upload(self, business: Business) -> requests.Response | None:
        """Upload a unique scan of about 15 kB; return the response."""
        scan = a_scan()
        digest = hashlib.sha256(scan).hexdigest()
        business.written.attempted.add(digest)
        answer = self.ask(
            business,
            "POST",
            "work_cards/upload",
            files=[("files", ("card.png", scan, "image/png"))],
            data={"site_id": business.site_id, "month": MONTH},
        )
        if answer is not None and answer.status_code == CREATED:
            (card,) = answer.json()["uploaded"]
            business.written.scans[card["id"]] = digest
        return answer

    def look(self, business: Business) -> None:
        """List the newest employees and check that each belongs to the business."""
        query = {"page_size": "20", "ordering": "-created_at"}
        answer = self.ask(business, "GET", "employees", params=query)
        if answer is not None and answer.status_code == OK:
            for row in answer.json()["results"]:
                if row["business_id"] != business.id:
                    self.watch.problems.append(f"{business.name} sees another's row")

    def export(self, business: Business, kind: str, month: str) -> str | None:
        body = {"kind": kind, "processing_month": month}
        answer = self.ask(business, "POST", "export_runs", json=body)
        if answer is None or answer.status_code != ACCEPTED:
            return None
        run_id: str = answer.json()["id"]
        business.written.runs.add(run_id)
        return run_id

    def rows(self, business: Business, path: str, **query: str) -> Iterator[Any]:
        """Yield all rows of a list; retry a page if the connection was cut."""
        for page in itertools.count(1):
            said = self.must(
                business, "GET", path, params={"page_size": 200, "page": page, **query}
            )
            yield from said["results"]
            if said["next"] is None:
                return

    def must(self, business: Business, method: str, path: str, **options: Any) -> Any:
        """Send a request until it succeeds; return the JSON of the response.

        Raises `RuntimeError` after 20 attempts.
        """
        answer = None
        for _ in range(20):
            answer = self.ask(business, method, path, **options)
            if answer is not None and answer.ok:
                return answer.json() if answer.content else None
            time.sleep(0.2)
        raise RuntimeError(f"{method} {path}: {answer and answer.text}")


def a_scan() -> bytes:
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
        businesses: tuple[Business, Business],
        watch: Watch,
        clients: int,
    ) -> None:
        self.ended = threading.Event()
        self.threads = [
            threading.Thread(
                target=self._work, args=(number, Client(address, businesses, watch))
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

    def _work(self, number: int, client: Client) -> None:
        for turn in itertools.count(number):
            if self.ended.is_set():
                client.session.close()
                return
            business = client.businesses[turn % 2]
            if number == 0 and turn % 8 < 2:
                client.upload(business)
            elif turn % 3 == 0:
                client.look(business)
            else:
                client.hire(business)


def found_in_the_end(client: Client, business: Business) -> Mapping[str, int]:
    """Compare the stored rows and scans with the acknowledged ones.

    Returns the counts {"lost": n, "doubled": n, "unacknowledged": n}.
    """
    written = business.written
    there = {
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
            for row_id, name in written.employees.items()
            if there.get(row_id) != name
        ),
        *(
            f"{sha}"
            for row_id, sha in written.scans.items()
            if cards.get(row_id) != sha
        ),
    ]
    times = Counter([*there.values(), *cards.values()])
    doubled = [what for what, count in times.items() if count > 1]
    strange = set(times) - written.attempted
    # Compare the bytes of the scans, in addition to their rows.
    for card_id, digest in written.scans.items():
        answer = client.ask(business, "GET", f"work_cards/{card_id}/file")
        if (
            answer is None
            or not answer.ok
            or hashlib.sha256(answer.content).hexdigest() != digest
        ):
            lost.append(f"the scan of {card_id}")
    client.watch.problems += [f"{business.name} has lost {what}" for what in lost]
    client.watch.problems += [f"{business.name} has twice {what}" for what in doubled]
    client.watch.problems += [
        f"{business.name} has what nobody sent: {what}" for what in strange
    ]
    acknowledged = {*written.employees.values(), *written.scans.values()}
    return {
        "lost": len(lost),
        "doubled": len(doubled),
        "unacknowledged": len(set(times) - acknowledged),
    }


def check_exports(client: Client, business: Business) -> int:
    """Return the number of acknowledged export runs that have no file in the end."""
    lost = 0
    for run_id in business.written.runs:
        path = f"export_runs/{run_id}"
        try:
            wait_until(
                lambda path=path: (  # type: ignore[misc]
                    client.must(business, "GET", path)["status"] in ("DONE", "FAILED")
                ),
                f"the export {run_id}",
                patience=400,
            )
        except TimeoutError as error:
            client.watch.problems.append(str(error))
        answer = client.ask(business, "GET", f"{path}/file")
        if answer is None or not answer.ok:
            lost += 1
            client.watch.problems.append(f"the export {run_id} has no file")
    return lost


def trail_matches(client: Client, business: Business) -> int:
    """Return the number of acknowledged employees without exactly one audit event."""
    events: dict[str, int] = {}
    path = "audit_events"
    query: dict[str, Any] = {"event_type": "employee_created", "page_size": 200}
    while True:
        said = client.must(business, "GET", path, params=query)
        for event in said["results"]:
            events[event["entity_id"]] = events.get(event["entity_id"], 0) + 1
        if said["next"] is None:
            break
        path, query = said["next"].split("/api/", 1)[1], {}
    wrong = [each for each in business.written.employees if events.get(each) != 1]
    client.watch.problems += [f"the trail has {each} not once" for each in wrong]
    return len(wrong)
