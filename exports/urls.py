"""Routes of export runs and export profiles."""

from automatehq.api.routing import Router

from .profile_views import ExportProfileViewSet
from .views import ExportRunViewSet

router = Router()
router.register("export_runs", ExportRunViewSet, "export-run")
router.register("export_profiles", ExportProfileViewSet, "export-profile")

urlpatterns = router.urls
