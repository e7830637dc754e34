"""Equivalent mutants: no test can detect them, because the change has no effect.

The keys are (file, function or table, change), the values are the reasons.
"""

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "businesses/tenancy/managers.py",
        "TenantQuerySet.bulk_update",
        "dropped: _reject_business_change(fields)",
    ): "Django's `bulk_update` calls `TenantQuerySet.update`, which raises the same error after some preparation.",
}
