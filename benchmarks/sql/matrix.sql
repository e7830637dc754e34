WITH paid AS MATERIALIZED (
    SELECT a.employee_id, a.work_date, sum(a.hours) AS hours, sum(a.minutes) AS minutes, max(a.day_status) AS day_status,
        (array_agg(a.work_card_id ORDER BY s.site_name))[1] AS work_card_id
    FROM approved_days a JOIN sites s ON s.id = a.site_id
    WHERE a.business_id = %(business)s AND a.work_date >= %(month)s AND a.work_date < %(until)s
    GROUP BY a.employee_id, a.work_date
), people AS MATERIALIZED (
    SELECT e.id, e.full_name, coalesce(e.passport_id, e.former_passport_id) AS passport_id, p.*
    FROM employees e LEFT JOIN LATERAL (
        SELECT json_object_agg(work_date, json_build_object('hours', hours::text, 'minutes', minutes, 'day_status', day_status,
                'state', 'approved', 'work_card_id', work_card_id) ORDER BY work_date) AS cells,
            sum(hours) AS hours, sum(minutes) AS minutes, count(*) FILTER (WHERE day_status = 'VACATION') AS vacation,
            count(*) FILTER (WHERE day_status = 'SICK') AS sick,
            count(*) FILTER (WHERE day_status = 'INTERNATIONAL_VISA') AS visa,
            count(*) FILTER (WHERE day_status = 'HOLIDAY') AS holiday
        FROM paid WHERE paid.employee_id = e.id
    ) p ON true
    WHERE e.business_id = %(business)s AND (p.cells IS NOT NULL
        OR (e.started_on IS NULL OR e.started_on < %(until)s)
        AND (e.left_on >= %(month)s OR e.left_on IS NULL AND e.is_active))
), days AS (
    SELECT day::date, (SELECT sum(hours) FROM paid WHERE work_date = day) AS hours,
        (SELECT sum(minutes) FROM paid WHERE work_date = day) AS minutes
    FROM generate_series(%(month)s::date, %(until)s - 1, '1 day') day
)
SELECT json_build_object(
    'month', to_char(%(month)s::date, 'YYYY-MM'),
    'days', (SELECT json_agg(json_build_object('date', day, 'is_saturday', extract(dow FROM day) = 6) ORDER BY day) FROM days),
    'employees', (SELECT json_agg(json_build_object('id', id, 'full_name', full_name, 'passport_id', passport_id,
        'total_hours', to_char(coalesce(hours, 0), 'FM999990.00'), 'total_minutes', coalesce(minutes, 0), 'absences', json_build_object('VACATION', vacation,
        'SICK', sick, 'INTERNATIONAL_VISA', visa, 'HOLIDAY', holiday)) ORDER BY full_name, id) FROM people),
    'cells', (SELECT json_object_agg(id, coalesce(cells, '{}') ORDER BY full_name, id) FROM people),
    'day_totals', (SELECT json_object_agg(day, to_char(coalesce(hours, 0), 'FM999990.00') ORDER BY day) FROM days),
    'day_minutes', (SELECT json_object_agg(day, coalesce(minutes, 0) ORDER BY day) FROM days),
    'total_minutes', (SELECT coalesce(sum(minutes), 0) FROM paid),
    'total_hours', (SELECT to_char(coalesce(sum(hours), 0), 'FM999990.00') FROM paid)
)::text
