from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


def _apply_grants(using: str, **kwargs: Any) -> None:
    from .tenancy.grants import apply_grants

    apply_grants(connections[using])


def _reject_merging_plan(using: str, plan: Any = (), **kwargs: Any) -> None:
    from .tenancy.operations import reject_merging_plan

    reject_merging_plan(plan, using)


class BusinessesConfig(AppConfig):
    name = "businesses"
    verbose_name = _("Businesses")

    def ready(self) -> None:
        from .tenancy import system_checks  # noqa: F401  registers the system checks
        from .tenancy.constraints import check_references

        check_references()

        from automatehq import sentry

        from .tenancy.context import try_get_business_id

        sentry.TAGS["business_id"] = try_get_business_id

        # Before the first step: at the step that would merge businesses, other
        # migrations may already be undone.
        pre_migrate.connect(_reject_merging_plan, sender=self)
        # The framework's own hook, and the only place where every table is known to
        # exist.
        post_migrate.connect(_apply_grants, sender=self)
