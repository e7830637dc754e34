"""The clients of the fault checks detect lost, doubled and foreign data."""

import hashlib
from typing import Any

import pytest
import requests

from isolation.faults.load import (
    LoadBusiness,
    LoadClient,
    LoadRecord,
    compare_with_stored,
)

ACME = ("a-id", "Acme", "Quetzal", "admin@acme.example.com", "site")
GLOBEX = ("g-id", "Globex", "Unicorn", "admin@globex.example.com", "site")
SCAN = b"a scan"


class ClientWithRows(LoadClient):
    """A client of an installation with the given rows. Each scan is `SCAN`."""

    def __init__(
        self, employees: list[tuple[str, str]], cards: list[tuple[str, str]]
    ) -> None:
        super().__init__("", (LoadBusiness(*ACME), LoadBusiness(*GLOBEX)), LoadRecord())
        self.lists: dict[str, list[dict[str, Any]]] = {
            "employees": [
                {"id": row_id, "full_name": name} for row_id, name in employees
            ],
            "work_cards": [
                {"id": row_id, "sha256_hash": sha, "has_file": True}
                for row_id, sha in cards
            ],
        }

    def rows(self, business: LoadBusiness, path: str, **query: str) -> Any:
        return self.lists[path]

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        return make_response(200, SCAN)


def make_response(status: int, content: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = status, content
    return response


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("secret", [b"Unicorn", b"g-id"])
def test_foreign_canary_is_a_problem_with_any_status(
    status: int, secret: bytes
) -> None:
    client = ClientWithRows([], [])
    acme, globex = client.businesses
    client._record_response(
        acme, "GET", "x", make_response(status, b"... " + secret), 0.0
    )
    assert client.record.problems == ["Acme received data of Globex: GET x"]
    client._record_response(
        globex, "GET", "x", make_response(status, b"... " + secret), 0.0
    )
    assert len(client.record.problems) == 1


def test_lost_doubled_and_unexpected_rows_are_counted() -> None:
    stored = [("1", "Quetzal 1"), ("2", "Quetzal 2"), ("3", "Quetzal 2")]
    client = ClientWithRows([*stored, ("4", "Quetzal 4"), ("9", "Racer 9")], [])
    acme = client.businesses[0]
    acme.writes.attempted = {"Quetzal 1", "Quetzal 2", "Quetzal 5"}
    acme.writes.employees = {"1": "Quetzal 1", "2": "Quetzal 2", "5": "Quetzal 5"}
    counts = compare_with_stored(client, acme)
    assert (counts["lost"], counts["doubled"]) == (1, 1)
    assert client.record.problems == [
        "Acme has lost: Quetzal 5",
        "Acme stores twice: Quetzal 2",
        "Acme stores an unknown write: Quetzal 4",
    ]


@pytest.mark.parametrize(("content", "lost"), [(SCAN, 0), (b"another", 1)])
def test_scan_is_compared_by_its_bytes(content: bytes, lost: int) -> None:
    digest = hashlib.sha256(content).hexdigest()
    client = ClientWithRows([], [("7", digest)])
    acme = client.businesses[0]
    acme.writes.attempted, acme.writes.scans = {digest}, {"7": digest}
    assert compare_with_stored(client, acme)["lost"] == lost


def test_recovery_counts_only_requests_sent_after_the_fault() -> None:
    record = LoadRecord(
        successes=[(1.0, 6.0), (5.5, 7.0), (6.0, 6.5)], failures=[(4.0, 5.8, "cut")]
    )
    assert record.seconds_to_success(5.0) == 1.5
    assert record.seconds_to_success(8.0) is None
    assert record.seconds_to_last_failure(5.0, 9.0) == pytest.approx(0.8)
    assert record.seconds_to_last_failure(6.0, 9.0) == 0
