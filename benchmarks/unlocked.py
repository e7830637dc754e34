"""AutomateHQ for gunicorn with a lock left open, to measure what it costs. Never for anything else.

`BENCHMARK_WITHOUT=manager`: the manager filters nothing. `=policies`: for a database without row-level security, with which the
application itself would not start.
"""

import os

from django.core.exceptions import FullResultSet
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
application = get_wsgi_application()

if os.environ["BENCHMARK_WITHOUT"] == "manager":
    from businesses.tenancy.managers import InScope

    def filter_nothing(*args: object) -> None:
        raise FullResultSet

    InScope.as_sql = filter_nothing  # type: ignore[method-assign, assignment]
