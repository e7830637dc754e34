SELECT row_to_json(card)::text FROM (
    SELECT c.id, c.business_id, c.site_id, json_build_object('id', s.id, 'name', s.site_name) AS site,
        c.employee_id,
        CASE WHEN c.employee_id IS NOT NULL THEN json_build_object('id', e.id, 'name', e.full_name) END AS employee,
        to_char(c.processing_month, 'YYYY-MM') AS processing_month, c.source, c.review_status, c.version,
        to_char(coalesce(d.hours, 0), 'FM999990.00') AS total_hours, coalesce(d.minutes, 0) AS total_minutes,
        coalesce(d.count, 0) AS day_count, c.notes,
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
        to_char(c.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS updated_at,
        d.days,
        CASE WHEN c.file_id IS NOT NULL THEN json_build_object(
            'url', '/api/work_cards/' || c.id || '/file',
            'display_url', '/api/work_cards/' || c.id || '/file?rendition=display',
            'width', f.renditions -> (coalesce(c.source_page_number, 1) - 1) -> 'width',
            'height', f.renditions -> (coalesce(c.source_page_number, 1) - 1) -> 'height'
        ) END AS file
    FROM work_cards c
    JOIN sites s ON s.id = c.site_id
    LEFT JOIN employees e ON e.business_id = c.business_id AND e.id = c.employee_id
    LEFT JOIN work_card_files f ON f.business_id = c.business_id AND f.id = c.file_id
    CROSS JOIN LATERAL (
        SELECT sum(d.total_hours) AS hours, sum(d.minutes) AS minutes, count(*) AS count, coalesce(json_agg(json_build_object(
            'work_date', d.work_date, 'from_time', to_char(d.from_time, 'HH24:MI'),
            'to_time', to_char(d.to_time, 'HH24:MI'), 'break_minutes', d.break_minutes,
            'total_hours', d.total_hours::text, 'minutes', d.minutes, 'set_aside_by_id', d.set_aside_by_id, 'day_status', d.day_status, 'comment', d.comment,
            'ledger', (
                SELECT json_build_object('hours', a.hours::text, 'minutes', a.minutes, 'day_status', a.day_status,
                    'work_card_id', a.work_card_id, 'site', json_build_object('id', a.site_id, 'name', s.site_name))
                FROM approved_days a JOIN sites s ON s.id = a.site_id
                WHERE a.business_id = c.business_id AND a.employee_id = c.employee_id AND a.work_date = d.work_date
                ORDER BY a.work_card_id <> c.id, a.site_id <> c.site_id, a.id LIMIT 1
            )
        ) ORDER BY d.work_date), '[]') AS days
        FROM work_card_day_entries d WHERE d.business_id = c.business_id AND d.work_card_id = c.id
    ) d
    WHERE c.business_id = %(business)s AND c.id = %(card)s
) card
