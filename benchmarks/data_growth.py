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
from .requests import measured
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
            ours = measured(database)
            server = stack.enter_context(gunicorn(database))
            client = server.client(ours.token)
            for read in ours.reads():
                client.ask(read.path)
            busy = partial(application_seconds, server, database)
            clients.append((cards, client, busy, ours.reads()))
        for _ in range(rounds):
            for cards, client, busy, reads in clients:
                for read in reads:
                    before = busy()
                    clock[read.name, cards].append(client.ask(read.path)[1])
                    processor[read.name, cards].append(busy() - before)
    sizes = [cards for cards, _ in databases]
    few, many = sizes[0], sizes[-1]
    rows = []
    for name in dict.fromkeys(name for name, _ in clock):
        at = {cards: times(clock[name, cards]) for cards in sizes}
        spent = {cards: times(processor[name, cards]) for cards in (few, many)}
        rows.append(
            (
                name,
                *at.values(),
                ratio(at[many], at[few]),
                ratio(spent[many], spent[few]),
            )
        )
    head = ["request", *(f"{cards:,} cards, ms" for cards in sizes)]
    return table([*head, "ratio", "ratio of processor time"], rows)
