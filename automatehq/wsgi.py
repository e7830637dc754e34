"""The WSGI application that gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402  Django must be set up first

from automatehq.readiness import WEB_CHECKS, require_usable_files  # noqa: E402
from businesses.tenancy.verification import require_verified_database  # noqa: E402

require_usable_files(WEB_CHECKS)
require_verified_database()

# All objects created so far stay until the process ends. Excluding them from garbage collection avoids pauses of 120
# ms.
get_resolver().check()  # imports every view
gc.collect()
gc.freeze()
