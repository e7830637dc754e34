"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
application = get_wsgi_application()

from businesses.tenancy.proof import refuse_to_start_if_unproven  # noqa: E402  Django must be set up first

refuse_to_start_if_unproven()
