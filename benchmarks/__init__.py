"""What is measured, and how. The last figures are in README.md.

| module | |
|---|---|
| `__main__.py` | `make bench`: runs the measures below, one after the other |
| `databases.py` | the same business among 10,000, 100,000 and 1,000,000 cards |
| `servers.py` | gunicorn as in production, and a client that keeps its connection |
| `figures.py` | medians, 95th percentiles, tables in Markdown |
| `requests.py` | the requests that are measured, each with the SQL of `sql/` that answers the same JSON |
| `reads.py` | each against PostgreSQL answering the same by itself |
| `growth.py` | each among many cards against among few |
| `tenancy.py` | what the locks cost: the same application without row-level security, or with a plain manager |
| `plans.py` | the plan of each statement, kept in `plans/`; fails on one that reads a whole table |
| `exports.py` | days as CSV against `COPY`; the matrix as a workbook |
| `large.py` | the largest requests: an import of 10,000 rows, an upload of 50 pictures, an approval of 500 cards |
| `unlocked.py` | the application with a lock left open, for `tenancy.py` |
| `load.py` | requests a second, and memory after many of them |
| `export_memory.py`, `hostile_imports.py`, `migrate_forward.py`, `scrolling.py`, `upload_memory.py` | programs of their own |

Import this package first: it sets Django up, on the benchmark's own server.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
# The same for the servers that are measured: they must believe the tokens that are made here.
os.environ.setdefault("SECRET_KEY", "benchmark" * 6)
django.setup()
