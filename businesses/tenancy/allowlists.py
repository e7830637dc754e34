"""Exceptions that the verification and the system checks permit."""

# table → columns or expressions that are unique across all businesses. A value of
# another business is rejected as "already in use", without further details. Every other
# unique index of a tenant table begins with the business.
GLOBALLY_UNIQUE: dict[str, frozenset[tuple[str, ...]]] = {
    "businesses": frozenset({("business_name",), ("name_key",), ("business_code",)}),
    "sites": frozenset({("site_name",), ("name_key",), ("site_code",)}),
    "accounts": frozenset({("email",)}),
    "users": frozenset({("phone_number",)}),
    "employees": frozenset({("passport_id",)}),
}

# (table, trigger) → its function. No other trigger, and no rule, may change the effect
# of a statement.
TRIGGERS: dict[tuple[str, str], str] = {
    ("approved_days", "approved_days_limit_insert"): "approved_days_limit",
    ("approved_days", "approved_days_limit_update"): "approved_days_limit",
    ("closed_months", "closed_months_lock"): "closed_months_lock",
    **{
        (table, f"{table}_open_month_{event}"): "closed_months_refuse"
        for table in ("work_cards", "work_card_day_entries", "approved_days")
        for event in ("insert", "update", "delete")
    },
}
