from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig


class AutomateHQConfig(AppConfig):
    name = "automatehq"

    def ready(self) -> None:
        from . import folded_lookup  # noqa: F401  its lookup is registered

        if settings.SENTRY_DSN:
            from . import sentry

            sentry.start(settings.SENTRY_DSN)


class AdminSiteConfig(AdminConfig):
    """Django's admin app with this project's admin site, used by `@admin.register`."""

    default_site = "accounts.admin_site.AutomateHQAdminSite"
