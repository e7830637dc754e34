SELECT json_build_object(
    'count', (SELECT count(*) FROM work_cards WHERE business_id = %(business)s),
    'results', (SELECT json_agg(card) FROM (
        SELECT c.id, c.business_id, c.site_id, json_build_object('id', s.id, 'name', s.site_name) AS site,
            c.employee_id,
            CASE WHEN c.employee_id IS NOT NULL THEN json_build_object('id', e.id, 'name', e.full_name) END AS employee,
            to_char(c.processing_month, 'YYYY-MM') AS processing_month, c.source, c.review_status, c.version,
            to_char(coalesce(d.hours, 0), 'FM999990.00') AS total_hours, coalesce(d.minutes, 0) AS total_minutes,
            coalesce(d.days, 0) AS day_count, c.notes,
            c.rejected_reason,
            CASE WHEN c.uploaded_by_id IS NOT NULL
                THEN json_build_object('id', c.uploaded_by_id, 'name', c.uploaded_by_name) END AS uploaded_by,
            CASE WHEN c.approved_by_id IS NOT NULL
                THEN json_build_object('id', c.approved_by_id, 'name', c.approved_by_name) END AS approved_by,
            to_char(c.approved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS approved_at,
            c.original_filename, c.mime_type, c.file_size_bytes, c.sha256_hash, c.source_page_number,
            c.file_id IS NOT NULL AS has_file,
            EXISTS (SELECT FROM closed_months m WHERE m.business_id = c.business_id AND m.month = c.processing_month)
                AS month_is_closed,
            to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
            to_char(c.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS updated_at
        FROM work_cards c
        JOIN sites s ON s.id = c.site_id
        LEFT JOIN employees e ON e.business_id = c.business_id AND e.id = c.employee_id
        LEFT JOIN LATERAL (
            SELECT sum(total_hours) AS hours, sum(minutes) AS minutes, count(*) AS days
            FROM work_card_day_entries d WHERE d.business_id = c.business_id AND d.work_card_id = c.id
        ) d ON true
        WHERE c.business_id = %(business)s
        ORDER BY c.created_at DESC, c.id DESC LIMIT 50
    ) card)
)::text
