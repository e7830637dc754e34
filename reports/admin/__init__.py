"""Admin pages of the reports. Importing the package registers them."""

from . import index, missing, month

__all__ = ["index", "missing", "month"]
