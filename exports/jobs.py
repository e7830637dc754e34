"""Old path of the export task: tasks that earlier versions queued name it."""

from .tasks import make_export

__all__ = ["make_export"]
