"""The former path of the export task, which queued tasks of earlier versions contain."""

from .tasks import make_export

__all__ = ["make_export"]
