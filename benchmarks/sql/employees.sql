SELECT json_build_object(
    'count', (SELECT count(*) FROM employees WHERE business_id = %(business)s),
    'results', (SELECT json_agg(employee) FROM (
        SELECT e.id, e.business_id, e.site_id,
            CASE WHEN e.site_id IS NOT NULL THEN json_build_object('id', s.id, 'name', s.site_name) END AS site,
            e.full_name, e.passport_id, e.former_passport_id, e.external_employee_id, e.phone_number,
            e.started_on, e.left_on, e.is_active,
            to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
            to_char(e.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS updated_at
        FROM employees e LEFT JOIN sites s ON s.id = e.site_id
        WHERE e.business_id = %(business)s
        ORDER BY e.full_name, e.id LIMIT 50
    ) employee)
)::text
