"""Compare the requests of one business in databases with many and with few cards.

The requests alternate between the databases.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from .databases import Database
from .measurements import table, times
from .processors import application_seconds
from .reads import ratio
from .requests import find_measured_business
from .servers import gunicorn


def measure(databases: Sequence[tuple[int, Database]], rounds: int) -> str:
    """Return a table of medians (95th percentiles) and ratios.

    It has a column for each size. The ratios compare the largest size with the smallest.
    """
    clock: dict[tuple[str, int], list[float]] = defaultdict(list)
    processor: dict[tuple[str, int], list[float]] = defaultdict(list)
    with ExitStack() as stack:
        clients = []
        for cards, database in databases:
            measured = find_measured_business(database)
            server = stack.enter_context(gunicorn(database))
            client = server.client(measured.token)
            for read in measured.reads():
                client.send(read.path)
            get_seconds = partial(application_seconds, server, database)
            clients.append((cards, client, get_seconds, measured.reads()))
        for _ in range(rounds):
            for cards, client, get_seconds, reads in clients:
                for read in reads:
                    before = get_seconds()
                    clock[read.name, cards].append(client.send(read.path)[1])
                    processor[read.name, cards].append(get_seconds() - before)
    sizes = [cards for cards, _ in databases]
    smallest, largest = sizes[0], sizes[-1]
    rows = []
    for name in dict.fromkeys(name for name, _ in clock):
        clock_times = {cards: times(clock[name, cards]) for cards in sizes}
        processor_times = {
            cards: times(processor[name, cards]) for cards in (smallest, largest)
        }
        rows.append(
            (
                name,
                *clock_times.values(),
                ratio(clock_times[largest], clock_times[smallest]),
                ratio(processor_times[largest], processor_times[smallest]),
            )
        )
    head = ["request", *(f"{cards:,} cards, ms" for cards in sizes)]
    return table([*head, "ratio", "ratio of processor time"], rows)
