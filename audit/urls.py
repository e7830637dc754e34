"""Routes of the audit trail."""

from automatehq.api.routing import Router

from .views import AuditEventViewSet

router = Router()
router.register("audit_events", AuditEventViewSet, "audit-event")

urlpatterns = router.urls
