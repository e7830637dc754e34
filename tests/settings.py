"""Settings of the tests, without the developer's own data or `.env`.

They extend the development settings. The server under `var/tests` runs without the guarantees of durable storage, which
is several times faster. The server under `var`, which `make demo` uses, keeps them.
"""

import os

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("ENV_FILE", os.devnull)
os.environ.setdefault("AUTOMATEHQ_VAR", "var/tests")
os.environ.setdefault("AUTOMATEHQ_PG_FAST", "1")

from automatehq.settings import *  # noqa: F403

PASSWORD_HASHERS = ["accounts.tests.hashers.MD5Hasher"]
