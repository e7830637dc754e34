from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


def _apply_grants(using: str, **kwargs: Any) -> None:
    from .tenancy.grants import apply_grants

    apply_grants(connections[using])


class BusinessesConfig(AppConfig):
    name = "businesses"

    def ready(self) -> None:
        from .tenancy import checks  # noqa: F401  registers the system checks

        # The framework's own hook, and the only place where every table is known to exist.
        post_migrate.connect(_apply_grants, sender=self)
