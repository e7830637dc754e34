from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkforceConfig(AppConfig):
    name = "workforce"
    verbose_name = _("Employees and sites")

    def ready(self) -> None:
        from businesses.orphaned_files import FILE_OWNERS

        from .employee_import.pending_files import IMPORTS

        FILE_OWNERS.append(IMPORTS)
