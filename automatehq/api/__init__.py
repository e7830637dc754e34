"""Conventions of the API, on which the views of all apps are built.

| module | holds |
|---|---|
| `errors.py` | errors of services (`Conflict`, `Invalid`, `Denied`, `Missing`, `TooMany`) and tables from constraints to errors |
| `exception_handler.py` | conversion of an error to the body `{type, errors: [{code, detail, attr}]}` |
| `error_views.py` | responses to errors outside the views: 400, 403, 404, 500, 503 |
| `serializers.py` | `StrictSerializer`, `StrictModelSerializer`: reject unknown fields and changed read-only fields |
| `query_serializers.py` | `QuerySerializer`: query parameters of a view that is not a list |
| `fields.py` | months, hours, times, timestamps, `ReferenceField` for `…_id`, `NamedReference` for `{id, name}` |
| `filters.py` | `StrictFilterSet` and its filters; the backend for filters, `search` and `ordering` |
| `pagination.py` | `Pages` (the default) and `CursorPagination` |
| `views.py` | `APIView`, `StrictRequestMixin`: reject undeclared, repeated and blank query parameters, disable caching |
| `routing.py`, `declarations.py` | `@endpoint`: method, path, permission and parameters of an endpoint; `Router`; the list of all routes |
| `converters.py` | `<id:pk>` and `<month:month>` in paths |
| `unknown_ids.py` | `report_rejected_value()`: reports rejected ids for the audit trail |
| `schema.py`, `docs.py` | the OpenAPI document and its page |
| `parsers.py`, `renderers.py` | request bodies and responses |

The complete API of an app:

    # models.py, beside the constraint
    UNIQUE_FIELDS["employees_passport_id_key"] = "passport_id"

    # serializers.py
    class EmployeeSerializer(StrictModelSerializer):
        site_id = ReferenceField(queryset=Site.objects, allow_null=True, required=False)
        site = NamedReference("site.site_name")

        class Meta:
            model = Employee
            fields = ("id", "business_id", "site_id", "site", "full_name", "is_active", "created_at")
            read_only_fields = ("id", "business_id", "is_active", "created_at")

    # filters.py
    class EmployeeFilterSet(StrictFilterSet):
        class Meta:
            model = Employee
            fields = ("site_id", "is_active", "passport_id")

    # views.py
    class EmployeeViewSet(TenantViewSet):
        queryset = Employee.objects
        serializer_class = EmployeeSerializer
        filterset_class = EmployeeFilterSet
        search_fields = ("full_name", "passport_id")
        ordering = ("full_name",)
        ordering_fields = ("full_name", "created_at")
        read_right = "employees.see"
        write_right = "employees.manage"

        def perform_update(self, serializer):
            services.update_employee(
                employee=serializer.instance, actor=self.request.user, **serializer.validated_data
            )

        @endpoint("GET export", right="employees.see", is_list=True, parameters=[TYPE])
        def export(self, request): ...

        @endpoint("POST {id}/activate", right="employees.manage", request=None, responses=EmployeeSerializer)
        def activate(self, request, pk): ...

    # urls.py
    router = Router()
    router.register("employees", EmployeeViewSet, "employee")
    urlpatterns = router.urls

    # services.py
    raise Conflict("stale_version", "Someone changed this card.", card=card_json)
    raise Invalid("total_mismatch", "8.50 is not 8.00.", "entries.3.total_hours")
"""
