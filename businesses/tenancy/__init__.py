"""Everything that keeps businesses apart, and nothing else. It imports no app.

The life of a query, and the three locks in its way, each of which holds alone:

1. the manager      every query through a model is filtered by the scope's business        managers.py
2. the database     row-level security, by role, for the table's owner too                 operations.py, policies.py
3. composite keys   a reference to another business's row does not exist                   constraints.py

The key to all three is one: `business_scope(business_id)`                                 context.py
It is opened for a request by one door                                                     middleware.py
and what is declared is compared with what PostgreSQL has                                  proof.py
"""
