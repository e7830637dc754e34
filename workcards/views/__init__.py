"""API views of work cards.

| module | holds |
|---|---|
| `base` | the rows, the options and the request body of all these endpoints |
| `cards` | WorkCardViewSet: lists of cards, reading, creating, editing and deleting a card |
| `scans` | upload, and the file of a card |
| `days` | the days of a card |
| `review` | assignment, approval, rejection and reopening |
"""

from .cards import WorkCardViewSet

__all__ = ["WorkCardViewSet"]
