"""Routes of businesses and their settings."""

from automatehq.api.routing import Router

from .views import BusinessViewSet

router = Router()
router.register("businesses", BusinessViewSet, "business")

urlpatterns = router.urls
