"""Processes that help, as many as there are processors.

Imports nothing that needs Django to be set up: they begin with nothing.
"""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def helpers(*, with_django: bool) -> ProcessPoolExecutor:
    """New processes, which share nothing with this one, no connection to the database above all."""
    return ProcessPoolExecutor(
        os.cpu_count(),
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(with_django,),
    )


def _begin(with_django: bool) -> None:
    # Ctrl-C goes to every process of the terminal; the one that started these ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if with_django:
        import django  # noqa: PLC0415 -- those that only draw do without

        django.setup()
