"""API views of work cards.

| module | holds |
|---|---|
| `card_viewset` | the rows, the options and the request body of all these endpoints |
| `card_views` | WorkCardViewSet: lists of cards, reading, creating, editing and deleting a card |
| `scan_views` | upload, and the file of a card |
| `day_views` | the days of a card |
| `review_views` | assignment, approval, rejection and reopening |
"""

from .card_views import WorkCardViewSet

__all__ = ["WorkCardViewSet"]
