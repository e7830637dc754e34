"""A WSGI application with one isolation layer disabled, for benchmarks only.

With `BENCHMARK_WITHOUT=manager` the manager does not filter by business. With `BENCHMARK_WITHOUT=policies` the
application accepts a database without row-level security, with which AutomateHQ itself does not start.
"""

import os

from django.core.exceptions import FullResultSet
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
get_wsgi_application()

from businesses.tenancy import verification  # noqa: E402  Django must be set up first

if os.environ["BENCHMARK_WITHOUT"] == "manager":
    from businesses.tenancy.managers import CurrentBusinessLookup

    def filter_nothing(*args: object) -> None:
        raise FullResultSet

    CurrentBusinessLookup.as_sql = filter_nothing  # type: ignore[method-assign, assignment]

verification.require_verified_database = lambda: None
from automatehq.wsgi import application  # noqa: E402, F401
