"""What goes wrong when somebody leaves the scope of a business."""

from django.core.management import CommandError


class NoActiveBusiness(RuntimeError):
    """Tenant data was asked for outside any scope. It never means "all", and never "none"."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            detail
            or "No business is active here. Open `business_scope(business_id)` first."
        )


class WrongBusiness(ValueError):
    """A row of one business was about to be written in the scope of another."""


class ScopeError(RuntimeError):
    """A scope was asked for in a way that can't be kept."""


class MultipleBusinessesError(CommandError):
    """Going back to the schema of one company was asked for while several businesses have rows."""
