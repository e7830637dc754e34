from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AutomateHQConfig(AppConfig):
    name = "automatehq"


class WorkplaceConfig(AdminConfig):
    """Django's admin, with our site as its default: `@admin.register` registers there."""

    default_site = "automatehq.admin_site.Workplace"
