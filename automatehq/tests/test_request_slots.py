"""Slots of requests: limits, limited waiting, and release after every kind of end."""

import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from automatehq.request_slots import Limits, NoFreeSlot, _folder, acquire_file_slot

LIMITS = Limits(
    "test",
    person=2,
    business=2,
    server=3,
    waiting_business=1,
    waiting_server=1,
    seconds=0.4,
)


def enter(stack: ExitStack, person: int | None, business: int) -> None:
    LIMITS.enter(stack, person_id=person, business_id=business)


def test_a_person_is_refused_at_once() -> None:
    with ExitStack() as stack:
        enter(stack, 1, 1)
        enter(stack, 1, 2)
        began = time.monotonic()
        with pytest.raises(NoFreeSlot) as full:
            enter(stack, 1, 3)
        assert full.value.limit == "person"
        assert time.monotonic() - began < LIMITS.seconds
    with ExitStack() as stack:
        enter(stack, 1, 1)
    assert not list(_folder().iterdir())


@pytest.mark.parametrize(
    ("others", "limit"),
    [([(1, 1), (2, 1)], "business"), ([(1, 2), (2, 3), (3, 4)], "server")],
)
def test_a_business_and_the_server_are_waited_for(
    others: list[tuple[int, int]], limit: str
) -> None:
    with ExitStack() as stack:
        for person, business in others:
            enter(stack, person, business)
        began = time.monotonic()
        with pytest.raises(NoFreeSlot) as full:
            enter(stack, 9, 1)
        assert full.value.limit == limit
        assert time.monotonic() - began >= LIMITS.seconds
    assert not list(_folder().iterdir())


def test_a_place_that_becomes_free_is_taken() -> None:
    with ExitStack() as stack, ExitStack() as first:
        enter(first, 1, 1)
        enter(stack, 2, 1)
        timer = threading.Timer(0.1, first.close)
        timer.start()
        enter(stack, 3, 1)
        timer.join()


def test_few_wait_so_that_threads_stay_free() -> None:
    with ExitStack() as stack:
        enter(stack, 1, 1)
        enter(stack, 2, 1)
        acquire_file_slot(stack, "test business 1 waiting", 1)
        began = time.monotonic()
        with pytest.raises(NoFreeSlot):
            enter(stack, 3, 1)
        assert time.monotonic() - began < LIMITS.seconds


def test_a_process_that_is_killed_leaves_its_place() -> None:
    code = f"""
import sys, time
from contextlib import ExitStack
from pathlib import Path
from automatehq import request_slots
request_slots._folder = lambda: Path({str(_folder())!r})
with ExitStack() as stack:
    assert request_slots.acquire_file_slot(stack, "killed", 1)
    print("taken", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"taken\n"
    with ExitStack() as stack:
        assert not acquire_file_slot(stack, "killed", 1)
        process.kill()
        process.wait()
        process.stdout.close()
        assert acquire_file_slot(stack, "killed", 1)
