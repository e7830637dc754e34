"""Permissions, checked before and after an object is loaded.

Each method of a view declares its permission: see `automatehq/api/routing.py`. The table
in `accounts/roles.py` lists the permissions of each role. A method without a permission
is rejected for all users, and `manage.py check` reports it.
"""

from typing import TYPE_CHECKING

from rest_framework.exceptions import (
    MethodNotAllowed,
    NotFound,
    PermissionDenied,
)
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from automatehq.api.declarations import method_name, right_of

from .context import try_get_scope

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ActAsRequired(PermissionDenied):
    """A super-admin's attempt to write business data without acting for the business."""

    default_code = "act_as_required"
    default_detail = "Act for the business first: POST /api/auth/act-as."


class BelongsToBusiness(BasePermission):
    """A check of the action's permission and of the object's business.

    An object of another business raises `NotFound`, with the same response as for an
    unknown id. A permission that the user's role lacks raises `PermissionDenied`.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        if not user or not user.is_authenticated:
            return False
        right = right_of(view, method_name(view))
        if right is None:
            if request.method not in view.allowed_methods:
                raise MethodNotAllowed(str(request.method))
            return request.method == "OPTIONS"
        if user.may(right):
            return True
        if (
            request.method not in SAFE_METHODS
            and user.is_super_admin
            and user.acting is None
        ):
            raise ActAsRequired
        return False

    def has_object_permission(
        self, request: Request, view: "APIView", obj: object
    ) -> bool:
        business_id = getattr(obj, "business_id", None)
        if business_id is None:
            return True  # not a tenant row: a shared row, or the business, which its policy protects
        scope = try_get_scope()
        if scope is None:
            return False
        if scope.kind == "platform":
            return request.method in SAFE_METHODS
        if business_id != scope.business_id:
            raise NotFound
        return True
