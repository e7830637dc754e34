"""Exceptions of tenancy."""

from django.core.management import CommandError


class NoActiveBusiness(RuntimeError):
    """A query of tenant data outside any scope. It never means "all", and never "none"."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            detail
            or "No business is active here. Open `business_scope(business_id)` first."
        )


class WrongBusiness(ValueError):
    """An attempt to write a row of one business in the scope of another."""


class ScopeError(RuntimeError):
    """A scope that cannot be opened, or cannot be committed."""


class MultipleBusinessesError(CommandError):
    """An attempt to undo tenancy while several businesses have rows."""
