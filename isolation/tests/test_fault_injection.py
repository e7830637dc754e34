"""The clients of the fault checks detect lost, doubled and foreign data."""

import hashlib
from typing import Any

import pytest
import requests

from isolation.faults.load import Business, Client, Watch, found_in_the_end

ACME = ("a-id", "Acme", "Quetzal", "admin@acme.example.com", "site")
GLOBEX = ("g-id", "Globex", "Unicorn", "admin@globex.example.com", "site")
SCAN = b"a scan"


class Remembered(Client):
    """A client of an installation with the given rows. Each scan is `SCAN`."""

    def __init__(
        self, employees: list[tuple[str, str]], cards: list[tuple[str, str]]
    ) -> None:
        super().__init__("", (Business(*ACME), Business(*GLOBEX)), Watch())
        self.lists: dict[str, list[dict[str, Any]]] = {
            "employees": [
                {"id": row_id, "full_name": name} for row_id, name in employees
            ],
            "work_cards": [
                {"id": row_id, "sha256_hash": sha, "has_file": True}
                for row_id, sha in cards
            ],
        }

    def rows(self, business: Business, path: str, **query: str) -> Any:
        return self.lists[path]

    def ask(self, *args: Any, **kwargs: Any) -> requests.Response:
        return answered(200, SCAN)


def answered(status: int, content: bytes) -> requests.Response:
    answer = requests.Response()
    answer.status_code, answer._content = status, content
    return answer


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("secret", [b"Unicorn", b"g-id"])
def test_anothers_canary_is_noticed_whatever_the_status(
    status: int, secret: bytes
) -> None:
    client = Remembered([], [])
    acme, globex = client.businesses
    client._note(acme, "GET", "x", answered(status, b"... " + secret), 0.0)
    assert client.watch.problems == ["Acme got something of Globex: GET x"]
    client._note(globex, "GET", "x", answered(status, b"... " + secret), 0.0)
    assert len(client.watch.problems) == 1


def test_what_is_lost_doubled_or_of_nobody_is_counted() -> None:
    there = [("1", "Quetzal 1"), ("2", "Quetzal 2"), ("3", "Quetzal 2")]
    client = Remembered([*there, ("4", "Quetzal 4"), ("9", "Racer 9")], [])
    acme = client.businesses[0]
    acme.written.attempted = {"Quetzal 1", "Quetzal 2", "Quetzal 5"}
    acme.written.employees = {"1": "Quetzal 1", "2": "Quetzal 2", "5": "Quetzal 5"}
    found = found_in_the_end(client, acme)
    assert (found["lost"], found["doubled"]) == (1, 1)
    assert client.watch.problems == [
        "Acme has lost Quetzal 5",
        "Acme has twice Quetzal 2",
        "Acme has what nobody sent: Quetzal 4",
    ]


@pytest.mark.parametrize(("content", "lost"), [(SCAN, 0), (b"another", 1)])
def test_a_scan_is_there_if_its_bytes_are(content: bytes, lost: int) -> None:
    digest = hashlib.sha256(content).hexdigest()
    client = Remembered([], [("7", digest)])
    acme = client.businesses[0]
    acme.written.attempted, acme.written.scans = {digest}, {"7": digest}
    assert found_in_the_end(client, acme)["lost"] == lost


def test_the_first_good_answer_is_to_a_request_sent_after_the_fault() -> None:
    watch = Watch(good=[(1.0, 6.0), (5.5, 7.0), (6.0, 6.5)], bad=[(4.0, 5.8, "cut")])
    assert watch.first_good_after(5.0) == 1.5
    assert watch.first_good_after(8.0) is None
    assert watch.last_bad_between(5.0, 9.0) == pytest.approx(0.8)
    assert watch.last_bad_between(6.0, 9.0) == 0
