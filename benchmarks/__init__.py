"""Benchmarks. README.md contains the latest results.

`make bench` runs `__main__.py`, which runs these measurements one after the other:

| module | measures |
|---|---|
| `query_plans.py` | the plan of each statement, stored in `plans/`; fails if a plan reads a whole table |
| `reads.py` | read requests, compared with PostgreSQL returning the same JSON |
| `data_growth.py` | read requests with many cards in the database, compared with few |
| `tenancy.py` | the cost of row-level security and of the manager |
| `exports.py` | days as CSV, compared with `COPY`, and the matrix as an XLSX file |
| `request_load.py` | requests per second, and memory after many requests |

The other modules support them:

| module | holds |
|---|---|
| `databases.py` | databases with the same first business among 10,000, 100,000 and 1,000,000 cards |
| `measurements.py` | medians, 95th percentiles and Markdown tables |
| `processors.py` | the processor time of processes |
| `requests.py` | the measured requests, each with a statement in `sql/` that returns the same JSON |
| `servers.py` | gunicorn with production settings, and a client with a persistent connection |
| `unlocked.py` | the application with an isolation layer disabled, for `tenancy.py` |

Importing the package sets up Django with the settings of the benchmarks.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
# The measured servers inherit this key, so that they accept the tokens created here.
os.environ.setdefault("SECRET_KEY", "benchmark" * 6)
django.setup()
