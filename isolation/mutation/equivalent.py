"""Equivalent mutants: no test can detect them, because the change has no effect.

The keys are (file, function or table, change), the values are the reasons.
"""

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "businesses/tenancy/managers.py",
        "TenantQuerySet.bulk_update",
        "forgotten: _refuse_business(fields)",
    ): "Django's `bulk_update` calls our `update`, which refuses the same; here it is said before anything is prepared.",
}
