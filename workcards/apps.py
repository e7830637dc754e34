from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkcardsConfig(AppConfig):
    name = "workcards"
    verbose_name = _("Work cards and ledger")

    def ready(self) -> None:
        from businesses.orphaned_files import FILE_OWNERS

        from .scans.scan_file_owner import SCANS

        FILE_OWNERS.append(SCANS)
