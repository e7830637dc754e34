"""The old import path of the look-up task: tasks queued by earlier versions refer to it."""

from .cross_business import look_up_attempt

__all__ = ["look_up_attempt"]
