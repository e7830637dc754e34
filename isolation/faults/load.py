"""Clients that put an installation under load, and remember every write that it acknowledged.

Each client keeps its connections and goes from one business to the other with every request. What an answer says is checked at
once: a row of another business, or the other's canary anywhere in its bytes, is a problem whatever the status.
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

PASSWORD = "chalk-and-cheese-9"  # noqa: S105 -- of invented people, on an installation that lives for minutes
TIMEOUT = 30.0
OK, CREATED, ACCEPTED, UNAUTHORIZED, SERVER_ERROR = 200, 201, 202, 401, 500
MONTH = "2026-03"


@dataclass
class Written:
    """What one business acknowledged: id → what it is. `attempted` has what was sent, acknowledged or not."""

    attempted: set[str] = field(default_factory=set)
    employees: dict[str, str] = field(default_factory=dict)
    scans: dict[str, str] = field(default_factory=dict)  # card → hash of the bytes
    runs: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.employees) + len(self.scans) + len(self.runs)


@dataclass
class Business:
    """One of the two, as its administrator knows it."""

    id: str
    name: str
    canary: str
    email: str
    site_id: str
    written: Written = field(default_factory=Written)
    token: str = ""


@dataclass
class Watch:
    """What all clients saw together."""

    statuses: Counter[int] = field(default_factory=Counter)
    cut: int = 0  # connections that ended without an answer
    signed_in_anew: int = 0
    problems: list[str] = field(default_factory=list)
    # When requests began and ended that were answered well, and that were not.
    good: list[tuple[float, float]] = field(default_factory=list)
    bad: list[tuple[float, float, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def requests(self) -> int:
        return self.statuses.total() + self.cut

    def first_good_after(self, moment: float) -> float | None:
        """Seconds from `moment` to the first good answer to a request that was sent after it."""
        ends = [end for begun, end in self.good if begun >= moment]
        return min(ends) - moment if ends else None

    def last_bad_between(self, moment: float, until: float) -> float:
        """Seconds from `moment` to the last request that failed; 0 if none did."""
        ends = [end for _, end, _ in self.bad if moment <= end <= until]
        return max(ends) - moment if ends else 0.0


class Client:
    """One front end: a connection that is kept, and the two businesses in turn."""

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
        """The answer, checked for the right business; None if the connection was cut."""
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

    # What clerks do

    def hire(self, business: Business) -> bool:
        """A new employee, under a name that no other attempt has."""
        name = f"{business.canary} {uuid.uuid4()}"
        business.written.attempted.add(name)
        body = {"full_name": name, "site_id": business.site_id}
        answer = self.ask(business, "POST", "employees", json=body)
        if answer is None or answer.status_code != CREATED:
            return False
        business.written.employees[answer.json()["id"]] = name
        return True

    def upload(self, business: Business) -> requests.Response | None:
        """A scan whose bytes no other has, some 15 kB."""
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
        """The newest employees: each of this business."""
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
        """All rows of a list; asked again where a connection was cut."""
        for page in itertools.count(1):
            said = self.must(
                business, "GET", path, params={"page_size": 200, "page": page, **query}
            )
            yield from said["results"]
            if said["next"] is None:
                return

    def must(self, business: Business, method: str, path: str, **options: Any) -> Any:
        """What a good answer says, within a few attempts. Raises `RuntimeError`."""
        answer = None
        for _ in range(20):
            answer = self.ask(business, method, path, **options)
            if answer is not None and answer.ok:
                return answer.json() if answer.content else None
            time.sleep(0.2)
        raise RuntimeError(f"{method} {path}: {answer and answer.text}")


def a_scan() -> bytes:
    """A picture that there was never before."""
    noise = Image.frombytes("L", (96, 128), random.randbytes(96 * 128))  # noqa: S311 -- no secret
    output = io.BytesIO()
    noise.save(output, "PNG")
    return output.getvalue()


class Load:
    """`clients` threads that work until told to stop."""

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
    """Compare what is there with what was acknowledged: {"lost": n, "doubled": n, "unacknowledged": n}."""
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
    # The bytes too, and not the row alone.
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
    """Every run that was asked for is done in the end, with its file; gives how many are not."""
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
    """Whether each acknowledged hiring stands in the trail once; gives how many do not."""
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
