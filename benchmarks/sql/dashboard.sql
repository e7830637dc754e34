WITH months AS (
    SELECT month::date FROM generate_series(%(since)s::date, %(month)s::date, '1 month') month
), cards AS MATERIALIZED (
    SELECT processing_month AS month, review_status, CASE WHEN processing_month = %(month)s THEN site_id END AS site_id,
        count(*) AS count
    FROM work_cards WHERE business_id = %(business)s
        AND processing_month BETWEEN %(since)s AND %(month)s
    GROUP BY 1, 2, 3
), ledger AS MATERIALIZED (
    SELECT date_trunc('month', work_date)::date AS month, CASE WHEN work_date >= %(month)s THEN site_id END AS site_id,
        sum(hours) AS hours, sum(minutes) AS minutes
    FROM approved_days WHERE business_id = %(business)s
        AND work_date >= %(since)s AND work_date < %(until)s
    GROUP BY 1, 2
), paid AS MATERIALIZED (
    SELECT month, count(*) AS employees FROM (
        SELECT DISTINCT employee_id, date_trunc('month', work_date)::date AS month
        FROM approved_days WHERE business_id = %(business)s
            AND work_date >= %(since)s AND work_date < %(until)s
    ) person GROUP BY month
), expected AS MATERIALIZED (
    SELECT e.site_id, received.cards < CASE WHEN %(until)s > (now() AT TIME ZONE b.time_zone)::date THEN 1
        ELSE coalesce(t.expected_cards_per_month, b.expected_cards_per_month) END AS is_missing
    FROM employees e JOIN businesses b ON b.id = e.business_id
    LEFT JOIN site_settings t ON t.business_id = e.business_id AND t.site_id = e.site_id
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT coalesce(c.file_id, c.id)) AS cards FROM work_cards c
        WHERE c.business_id = e.business_id AND c.employee_id = e.id AND c.processing_month = %(month)s
            AND c.review_status IN ('NEEDS_REVIEW', 'APPROVED')
    ) received
    WHERE e.business_id = %(business)s AND (e.started_on IS NULL OR e.started_on < %(until)s)
        AND (e.left_on >= %(month)s OR e.left_on IS NULL AND e.is_active)
), sites_of_month AS (
    SELECT site_id, (SELECT coalesce(sum(count), 0) FROM cards c WHERE month = %(month)s AND c.site_id IS NOT DISTINCT FROM p.site_id)
            AS cards,
        (SELECT count(*) FROM expected x WHERE is_missing AND x.site_id IS NOT DISTINCT FROM p.site_id) AS missing,
        (SELECT coalesce(sum(hours), 0) FROM ledger l WHERE month = %(month)s AND l.site_id IS NOT DISTINCT FROM p.site_id)
            AS hours,
        (SELECT coalesce(sum(minutes), 0) FROM ledger l WHERE month = %(month)s AND l.site_id IS NOT DISTINCT FROM p.site_id)
            AS minutes
    FROM (SELECT site_id FROM cards WHERE month = %(month)s UNION SELECT site_id FROM ledger WHERE month = %(month)s
        UNION SELECT site_id FROM expected) p
)
SELECT json_build_object(
    'month', to_char(%(month)s::date, 'YYYY-MM'),
    'cards', (SELECT json_object_agg(status, (SELECT coalesce(sum(count), 0) FROM cards
            WHERE month = %(month)s AND review_status = status))
        FROM unnest(ARRAY['NEEDS_ASSIGNMENT', 'NEEDS_REVIEW', 'APPROVED', 'REJECTED']) status),
    'employees_expected', (SELECT count(*) FROM expected),
    'missing', (SELECT count(*) FROM expected WHERE is_missing),
    'hours', (SELECT to_char(coalesce(sum(hours), 0), 'FM999990.00') FROM ledger WHERE month = %(month)s),
    'minutes', (SELECT coalesce(sum(minutes), 0) FROM ledger WHERE month = %(month)s),
    'days', (SELECT count(DISTINCT (employee_id, work_date)) FROM approved_days WHERE business_id = %(business)s
        AND work_date >= %(month)s AND work_date < %(until)s AND hours > 0),
    'trend', (SELECT json_agg(json_build_object('month', to_char(month, 'YYYY-MM'),
        'hours', (SELECT to_char(coalesce(sum(hours), 0), 'FM999990.00') FROM ledger l WHERE l.month = m.month),
        'minutes', (SELECT coalesce(sum(minutes), 0) FROM ledger l WHERE l.month = m.month),
        'employees', (SELECT coalesce(sum(employees), 0) FROM paid p WHERE p.month = m.month),
        'cards', (SELECT coalesce(sum(count), 0) FROM cards c WHERE c.month = m.month)) ORDER BY month) FROM months m),
    'sites', (SELECT json_agg(json_build_object(
        'site', CASE WHEN p.site_id IS NOT NULL THEN json_build_object('id', s.id, 'name', s.site_name) END,
        'cards', cards, 'missing', missing, 'hours', to_char(hours, 'FM999990.00'), 'minutes', minutes) ORDER BY s.site_name NULLS LAST)
        FROM sites_of_month p LEFT JOIN sites s ON s.id = p.site_id)
)::text
