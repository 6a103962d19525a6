-- One row per child and kind (cp, cla) with a visiting frequency of their own today: the one set last.
-- every_n: null where it is not a whole number above nought; a century stands for anything longer, so that dates can be reckoned.
WITH agreed AS (
  SELECT person_id, norm(kind) AS kind, valid_from, set_on,
    CASE WHEN every_n > 0 AND every_n = floor(every_n) THEN least(every_n, 36500) END AS every_n,
    CASE WHEN norm(regime) IN ('reg19', 'reg24') THEN norm(regime) END AS regime
  FROM ext_visit_freq
  JOIN v_child USING (person_id)
  WHERE is_open(valid_from, valid_to)
)
SELECT person_id, kind, every_n, regime
FROM agreed
WHERE every_n IS NOT NULL OR regime IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY person_id, kind ORDER BY valid_from DESC NULLS LAST, set_on DESC NULLS LAST,
  every_n NULLS LAST, regime DESC NULLS LAST) = 1
