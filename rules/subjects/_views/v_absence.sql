-- One row per worker whom somebody covers or covered. is_absent: today, and for `absent_days` days or more. back_on: the last day
-- of the latest cover that lasted as long and is over.
SELECT staff_id AS worker_id,
  coalesce(bool_or(from_date <= as_of() - days(param('absent_days')) AND (to_date IS NULL OR to_date >= as_of())), false) AS is_absent,
  max(to_date) FILTER (WHERE to_date < as_of() AND to_date - from_date + 1 >= param('absent_days')) AS back_on
FROM ext_cover
WHERE staff_id IS NOT NULL
GROUP BY staff_id
