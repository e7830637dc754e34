"""The API's conventions, as one small package that every app's views are built on.

| file | gives |
|---|---|
| `errors.py` | what services raise (`Conflict`, `Invalid`, `Denied`, `Missing`, `TooMany`) and the tables of constraints that people may run into |
| `refusals.py` | the body that an error becomes: `{type, errors: [{code, detail, attr}]}` |
| `serializers.py` | `StrictSerializer`, `StrictModelSerializer`: unknown fields and changed read-only ones are refused |
| `fields.py` | months, hours, times, timestamps, `ReferenceField` for `…_id`, `NamedReference` for `{id, name}` |
| `filters.py` | `StrictFilterSet` and its filters; the backend for filters, `search` and `ordering` |
| `pagination.py` | `Pages` (the default) and `CursorPagination` |
| `views.py` | `APIView`, `StrictRequestMixin`: undeclared, repeated and blank query parameters are refused, answers not cached |
| `paths.py`, `routes.py` | `<id:pk>` and `<month:month>` in paths; a route as one line of a table |
| `attempts.py` | `note()`: ids that were refused, for the trail |
| `schema.py`, `docs.py` | the OpenAPI document and its page |
| `parsers.py`, `renderers.py`, `handlers.py` | request bodies, answers; what Django itself answers |

An app's API, whole:

    # models.py, beside the constraint
    ALREADY_IN_USE["employees_passport_id_key"] = "passport_id"

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
        extra_query_parameters = {"export": ("type",)}

        def perform_update(self, serializer):
            services.update_employee(
                employee=serializer.instance, actor=self.request.user, **serializer.validated_data
            )

    # automatehq/urls.py
    Route("employees", EmployeeViewSet, "employees", LIST),
    Route("employees/export", EmployeeViewSet, "employees-export", get("export")),
    Route("employees/<id:pk>", EmployeeViewSet, "employee", ITEM),
    Route("employees/<id:pk>/activate", EmployeeViewSet, "employee-activate", post("activate")),

    # services.py
    raise Conflict("stale_version", "Someone changed this card.", card=card_json)
    raise Invalid("total_mismatch", "8.50 is not 8.00.", "entries.3.total_hours")

An action other than `list` that answers with a filtered, paged list is named in
`list_actions`; what it may be asked for beyond the filters, in `extra_query_parameters`.
"""
