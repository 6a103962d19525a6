-- One row per length looked at (months: 1 or 3): the same months of an earlier year, their first and last day and working days.
-- That is last year, or the first year before it, as far as max_years_back, that shares no day with a period left out.
WITH tried AS (
  SELECT months, years, add_months(m.first, -12 * years - months + 1) AS first, add_months(m.first, -12 * years + 1) - 1 AS last
  FROM v_last_month m, (VALUES (1), (3)) AS lengths(months), range(1, param('max_years_back') + 1) AS back(years)
), left_out AS (
  SELECT CAST(period[1] AS DATE) AS first, CAST(period[2] AS DATE) AS last
  FROM (SELECT string_split(unnest(param('exclude_periods')), ' to ') AS period)
)
SELECT months, years, first, last, (SELECT count(*) FROM calendar WHERE no > no_before AND d BETWEEN t.first AND t.last) AS working_days
FROM tried t
WHERE NOT EXISTS (SELECT 1 FROM left_out o WHERE o.first <= t.last AND o.last >= t.first)
QUALIFY row_number() OVER (PARTITION BY months ORDER BY years) = 1
