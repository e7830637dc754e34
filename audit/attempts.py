"""The old import path of the look-up task.

Tasks that earlier versions queued refer to it.
"""

from .cross_business import look_up_attempt

__all__ = ["look_up_attempt"]
