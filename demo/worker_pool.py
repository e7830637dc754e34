"""Worker processes, one per processor.

Imports nothing that needs Django's setup, which new processes lack.
"""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def process_pool(*, with_django: bool) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of new processes that share no database connection with this process.

    The processes end with the block. If the block fails, pending work is cancelled.
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
    # Ctrl-C reaches every process of the terminal; the parent process ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if with_django:
        import django  # noqa: PLC0415 -- those that only draw do without

        django.setup()
