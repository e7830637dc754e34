"""Old path of the task that looks up unknown ids: tasks that earlier versions queued name it."""

from .cross_business import look_up_attempt

__all__ = ["look_up_attempt"]
