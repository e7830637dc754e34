"""Ownership and rights, checked before and after an object is loaded.

A view names the right that each action takes in `rights = {"list": "employees.see", …}`; which role has which right is the
table in accounts/roles.py. An action without a row is refused for everybody.
"""

from typing import Any

from rest_framework.exceptions import (
    MethodNotAllowed,
    NotFound,
    PermissionDenied,
)
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from .context import try_get_scope


class ActAsRequired(PermissionDenied):
    """A super-admin tried to write a business's data without acting for it."""

    default_code = "act_as_required"
    default_detail = "Act for the business first: POST /api/auth/act-as."


class BelongsToBusiness(BasePermission):
    """The signed-in person has the action's right, and the object is of the business in scope.

    Another business's object is `NotFound`, with the body of one that never existed; `PermissionDenied` is for what the
    person's own role may not do.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not user or not user.is_authenticated:
            return False
        right = view.rights.get(
            getattr(view, "action", None) or str(request.method).lower()
        )
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

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        business_id = getattr(obj, "business_id", None)
        if business_id is None:
            return True  # not a tenant's row: shared, or the business itself, which its policy guards
        scope = try_get_scope()
        if scope is None:
            return False
        if scope.kind == "platform":
            return request.method in SAFE_METHODS
        if business_id != scope.business_id:
            raise NotFound
        return True
