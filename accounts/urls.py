"""Routes of authentication and users."""

from django.urls import path

from automatehq.api.routing import Router

from . import auth_views, switch_views
from .views import UserViewSet

router = Router()
router.register("users", UserViewSet, "user")

urlpatterns = [
    path("auth/login", auth_views.LoginView.as_view(), name="login"),
    path("auth/refresh", auth_views.RefreshView.as_view(), name="refresh"),
    path("auth/logout", auth_views.LogoutView.as_view(), name="logout"),
    path("auth/me", auth_views.MeView.as_view(), name="me"),
    path("auth/password", auth_views.PasswordView.as_view(), name="password"),
    path(
        "auth/businesses",
        switch_views.BusinessChoicesView.as_view(),
        name="auth-businesses",
    ),
    path("auth/switch", switch_views.SwitchView.as_view(), name="switch"),
    path("auth/act-as", auth_views.ActAsView.as_view(), name="act-as"),
    *router.urls,
]
