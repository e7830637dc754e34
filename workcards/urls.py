"""Routes of work cards."""

from automatehq.api.routing import Router

from .views import WorkCardViewSet

router = Router()
router.register("work_cards", WorkCardViewSet, "work-card")

urlpatterns = router.urls
