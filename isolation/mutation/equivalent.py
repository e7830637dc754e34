"""Mutants that no test can notice, since what they change makes no difference, each with the reason.

(file, function or table, what is changed) → why.
"""

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "businesses/tenancy/managers.py",
        "TenantQuerySet.bulk_update",
        "forgotten: _refuse_business(fields)",
    ): "Django's `bulk_update` calls our `update`, which refuses the same; here it is said before anything is prepared.",
}
