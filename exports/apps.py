from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    name = "exports"
    verbose_name = _("Exports")

    def ready(self) -> None:
        from businesses.orphaned_files import FILE_OWNERS

        from .run_file_owner import EXPORTS

        FILE_OWNERS.append(EXPORTS)
