"""Benchmarks. README.md contains the latest results.

`make bench` runs `__main__.py`, which runs these measurements one after the other:

| module | measures |
|---|---|
| `query_plans.py` | the plan of each statement, stored in `plans/`; fails if a plan reads a whole table |
| `reads.py` | read requests, compared with PostgreSQL returning the same JSON |
| `data_growth.py` | read requests with many cards in the database, compared with few |
| `tenancy.py` | the cost of row-level security and of the manager |
| `exports.py` | days as CSV, compared with `COPY`, and the matrix as an XLSX file |
| `large.py` | the largest requests: an import of 10,000 rows, an upload of 50 pictures, an approval of 500 cards |
| `request_load.py` | requests per second, and memory after many requests |

These programs run separately, as `python -m benchmarks.<name>`:

| module | measures |
|---|---|
| `admin_pages_speed.py` | queries, transfer size and load time of each admin page |
| `export_memory.py` | memory and time of an export by its number of days |
| `hostile_imports.py` | the delay that hostile imports cause for another business |
| `import_speed.py` | time and queries of the largest import of employees |
| `migrate_forward.py` | duration and locks of the migrations from the single-company schema |
| `queue_fairness.py` | the delay of an export behind the queued tasks of another business |
| `scrolling.py` | the frame times of the matrix page while it scrolls |
| `upload_memory.py` | memory and time of the largest upload |

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
