"""Routes of sites and employees."""

from automatehq.api.routing import Router

from .views import EmployeeViewSet, SiteViewSet

router = Router()
router.register("sites", SiteViewSet, "site")
router.register("employees", EmployeeViewSet, "employee")

urlpatterns = router.urls
