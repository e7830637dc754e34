"""Admin pages of the reports; importing this package registers them."""

from . import index, missing, month

__all__ = ["index", "missing", "month"]
