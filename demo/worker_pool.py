"""Processes that help, as many as there are processors.

Imports nothing that needs Django to be set up: they begin with nothing.
"""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def helpers(*, with_django: bool) -> Iterator[ProcessPoolExecutor]:
    """New processes, which share nothing with this one, no connection to the database above all.

    They end with the block; if it fails, without beginning what they have not begun.
    """
    pool = ProcessPoolExecutor(
        os.cpu_count(),
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(with_django,),
    )
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _begin(with_django: bool) -> None:
    # Ctrl-C goes to every process of the terminal; the one that started these ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if with_django:
        import django  # noqa: PLC0415 -- those that only draw do without

        django.setup()
