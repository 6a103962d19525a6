-- One row per assessment with a factor: the codes of all its rows, each once, in their order, and the groups that they are of.
WITH text_of AS (
  SELECT DISTINCT cinf_assessment_factors_json AS said FROM ssd_assessment_factors WHERE cinf_assessment_factors_json IS NOT NULL
), read AS (
  SELECT said, factors(said) AS codes FROM text_of
), together AS (
  SELECT cinf_assessment_id AS assessment_id, list_sort(list_distinct(flatten(list(codes)))) AS codes
  FROM ssd_assessment_factors
  JOIN read ON said = cinf_assessment_factors_json
  WHERE cinf_assessment_id IS NOT NULL
  GROUP BY cinf_assessment_id
)
SELECT assessment_id, codes, list_filter(
    map_keys(param('factor_groups')), lambda name: list_has_any(param('factor_groups')[name], codes)
  ) AS groups
FROM together
WHERE len(codes) > 0
