-- One row per person and legal status of today: since when it has lasted unbroken, a gap of one day at most.
WITH dated AS (
  SELECT lega_person_id AS person_id, lega_legal_status_code AS status, lega_legal_status_start_date AS started,
    coalesce(lega_legal_status_end_date, DATE '9999-12-31') AS ended, is_open(lega_legal_status_start_date, lega_legal_status_end_date) AS goes_on
  FROM ssd_legal_status
  WHERE lega_person_id IS NOT NULL AND lega_legal_status_code <> 'UNMAPPED' AND lega_legal_status_start_date IS NOT NULL
), marked AS (
  SELECT *, coalesce(max(ended) OVER (
      PARTITION BY person_id, status ORDER BY started RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING
    ) < started - 1, true) AS begins
  FROM dated
), numbered AS (
  SELECT *, max(CASE WHEN begins THEN started END) OVER (PARTITION BY person_id, status ORDER BY started) AS since FROM marked
)
SELECT person_id, status, max(since) AS since FROM numbered WHERE goes_on GROUP BY person_id, status
