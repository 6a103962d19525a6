-- One row per run: the latest calendar month that has ended, its first and last day and its working days.
SELECT first, last, (SELECT count(*) FROM calendar WHERE no > no_before AND d BETWEEN first AND last) AS working_days
FROM (
  SELECT CAST(date_trunc('month', as_of()) - INTERVAL 1 MONTH AS DATE) AS first, CAST(date_trunc('month', as_of()) AS DATE) - 1 AS last
)
