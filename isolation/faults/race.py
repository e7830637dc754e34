"""A race on one month: many clients approve, edit and reopen the same cards while the month is closed and reopened.

These rules must hold in any order of the requests:

- Each acknowledged edit has a version of its own, and the last one is stored in the card.
- A closed month does not change.
- Every day of the ledger is a day of an approved card, and every day of an approved card is in the ledger.
"""

import random
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .load import CREATED, OK, LoadBusiness, LoadClient, LoadRecord

RACE_MONTH = "2026-02"
DAYS = range(2, 7)
CONFLICT = 409


@dataclass
class Race:
    """The counts of a race. `acknowledged_edits` maps (card, version) to the hours of the acknowledged edit."""

    edits: int = 0
    approvals: int = 0
    reopened: int = 0
    closings: int = 0
    rejected: int = 0
    acknowledged_edits: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def run_race(
    address: str,
    businesses: tuple[LoadBusiness, LoadBusiness],
    record: LoadRecord,
    *,
    seconds: float,
    racers: int = 6,
    cards: int = 4,
) -> Race:
    """Run a race in the first business and check the result; return its counts."""
    business, race = businesses[0], Race()
    client = LoadClient(address, businesses, record)
    ids = [_card(client, business, number) for number in range(cards)]
    ended = threading.Event()
    threads = [
        threading.Thread(
            target=_race,
            args=(LoadClient(address, businesses, record), ids, race, ended),
        )
        for _ in range(racers)
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            time.sleep(1.5)
            _close_and_reopen(client, business, race)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    _compare(client, business, ids, race)
    client.session.close()
    return race


def _card(client: LoadClient, business: LoadBusiness, number: int) -> str:
    employee = client.send_until_success(
        business,
        "POST",
        "employees",
        json={"full_name": f"Racer {number}", "site_id": business.site_id},
    )
    card = client.send_until_success(
        business,
        "POST",
        "work_cards",
        json={
            "site_id": business.site_id,
            "employee_id": employee["id"],
            "processing_month": RACE_MONTH,
        },
    )
    card_id: str = card["id"]
    return card_id


def _race(
    client: LoadClient, ids: list[str], race: Race, ended: threading.Event
) -> None:
    business = client.businesses[0]
    while not ended.is_set():
        card_id = random.choice(ids)  # noqa: S311
        response = client.send(business, "GET", f"work_cards/{card_id}/day-entries")
        if response is None or response.status_code != OK:
            continue
        version = response.json()["version"]
        kind = random.choice(["edit", "edit", "approve", "reopen"])  # noqa: S311
        if kind == "edit":
            hours = [f"{random.randint(1, 12)}.00" for _ in DAYS]  # noqa: S311
            response = client.send(
                business,
                "PUT",
                f"work_cards/{card_id}/day-entries",
                json={"version": version, "entries": _entries(hours)},
            )
        elif kind == "approve":
            response = client.send(
                business,
                "POST",
                f"work_cards/{card_id}/approve",
                json={"version": version},
            )
        else:
            response = client.send(
                business,
                "POST",
                f"work_cards/{card_id}/reopen",
                json={"reason": "a race", "version": version},
            )
        if response is None:
            continue
        with race.lock:
            if response.status_code == OK and kind == "edit":
                race.edits += 1
                key = (card_id, response.json()["version"])
                if key in race.acknowledged_edits:
                    client.record.problems.append(f"two edits became version {key}")
                race.acknowledged_edits[key] = hours
            elif response.status_code == OK:
                race.approvals += kind == "approve"
                race.reopened += kind == "reopen"
            else:
                race.rejected += 1


def _entries(hours: list[str]) -> list[dict[str, str]]:
    return [
        {"work_date": f"{RACE_MONTH}-{day:02}", "total_hours": total}
        for day, total in zip(DAYS, hours, strict=True)
    ]


def _close_and_reopen(client: LoadClient, business: LoadBusiness, race: Race) -> None:
    """Close the month, check that it does not change while it is closed, and reopen it."""
    body = {"force": True, "note": "a race"}
    closed = client.send(business, "POST", f"months/{RACE_MONTH}/close", json=body)
    if closed is None or closed.status_code not in (OK, CREATED):
        return
    race.closings += 1
    before = _read_month(client, business)
    time.sleep(0.3)
    if _read_month(client, business) != before:
        client.record.problems.append("a closed month has changed")
    client.send_until_success(
        business, "POST", f"months/{RACE_MONTH}/reopen", json={"reason": "a race"}
    )


def _read_month(client: LoadClient, business: LoadBusiness) -> Any:
    cards = [
        (row["id"], row["version"], row["review_status"], row["total_hours"])
        for row in client.rows(business, "work_cards", month=RACE_MONTH)
    ]
    matrix = client.send_until_success(
        business, "GET", "matrix", params={"month": RACE_MONTH}
    )
    return sorted(cards), matrix


def _compare(
    client: LoadClient, business: LoadBusiness, ids: list[str], race: Race
) -> None:
    """Compare the cards at the end with the acknowledged edits and with the ledger."""
    racers: set[str] = set()
    approved: dict[str, Decimal] = {}
    for card_id in ids:
        card = client.send_until_success(business, "GET", f"work_cards/{card_id}")
        days = client.send_until_success(
            business, "GET", f"work_cards/{card_id}/day-entries"
        )
        hours = [day["total_hours"] for day in days["entries"]]
        last = max(
            (
                version
                for edited_id, version in race.acknowledged_edits
                if edited_id == card_id
            ),
            default=0,
        )
        if last and race.acknowledged_edits[card_id, last] != hours:
            client.record.problems.append(
                f"the last acknowledged edit of {card_id} is lost"
            )
        racers.add(card["employee_id"])
        if card["review_status"] == "APPROVED":
            approved[card["employee_id"]] = sum(map(Decimal, hours), Decimal(0))
    matrix = client.send_until_success(
        business, "GET", "matrix", params={"month": RACE_MONTH}
    )
    ledger = {
        row["id"]: Decimal(row["total_hours"])
        for row in matrix["employees"]
        if row["id"] in racers and Decimal(row["total_hours"])
    }
    if ledger != approved:
        client.record.problems.append(
            f"the ledger has {ledger}, the approved cards have {approved}"
        )
