-- The legal statuses of today, with since when each has lasted unbroken.
WITH dated AS (
  SELECT lega_person_id AS id, lega_legal_status_code AS status, lega_legal_status_start_date AS starts,
    coalesce(lega_legal_status_end_date, DATE '9999-12-31') AS ends
  FROM ssd_legal_status
  WHERE lega_legal_status_code <> 'UNMAPPED' AND lega_legal_status_start_date IS NOT NULL
    AND lega_person_id IN (SELECT lega_person_id FROM ssd_legal_status
      WHERE lega_legal_status_start_date <= as_of() AND (lega_legal_status_end_date IS NULL OR lega_legal_status_end_date > as_of()))
), marked AS (
  SELECT *, coalesce(max(ends) OVER (PARTITION BY id, status ORDER BY starts
    RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING) < starts - 1, true) AS begins
  FROM dated
), since AS (
  SELECT *, max(CASE WHEN begins THEN starts END) OVER (PARTITION BY id, status ORDER BY starts) AS since FROM marked
)
SELECT id, status, max(since) AS since FROM since WHERE starts <= as_of() AND ends > as_of() GROUP BY id, status
