"""Routes of months, matrix, missing cards and dashboard."""

from django.urls import path

from automatehq.api.routing import Router

from .dashboard_views import DashboardView
from .matrix_views import MatrixView, SiteMatrixViewSet
from .missing_views import MissingCardsView
from .month_views import MonthViewSet

router = Router()
router.register("months", MonthViewSet, "month")
router.register("sites", SiteMatrixViewSet, "site")

urlpatterns = [
    path("dashboard", DashboardView.as_view(), name="dashboard"),
    path("matrix", MatrixView.as_view(), name="matrix"),
    path("work_cards/missing", MissingCardsView.as_view(), name="missing"),
    *router.urls,
]
