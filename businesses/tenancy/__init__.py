"""Isolation of businesses. The package imports no app.

Three independent layers check each query:

| layer | rule | modules |
|---|---|---|
| manager | A query of a tenant model is filtered by the business of the scope. | `managers.py`, `models.py` |
| row-level security | PostgreSQL filters by role, also for the table's owner. | `policies.py`, `operations.py`, `grants.py` |
| composite keys | A foreign key cannot reference a row of another business. | `constraints.py` |

All three read the scope that `business_scope(business_id)` opens (`context.py`). The
middleware opens the scope of a request (`middleware.py`). The verification compares the
declarations with PostgreSQL's catalog (`verification.py`).
"""
