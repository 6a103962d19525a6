-- One row per person with an open care plan that says how permanence is to be reached. The record is asked for each key
-- by its letters, not as JSON: exports cut and bend it.
WITH care_plan AS (
  SELECT lacp_person_id AS person_id, lacp_cla_care_plan_json AS record
  FROM ssd_cla_care_plan
  WHERE lacp_person_id IS NOT NULL AND is_open(lacp_cla_care_plan_start_date, lacp_cla_care_plan_end_date)
), key AS (
  SELECT unnest(list_transform(param('permanence_keys'), lambda word: concat(
    '(?i)"', regexp_escape(word), '"[\s\v\p{Z}]*:[\s\v\p{Z}]*(?:"([^"]*)"|([A-Za-z0-9_.+-]+))'))) AS pattern
), found AS (
  -- One of the two groups is empty: a value is quoted or it is not.
  SELECT person_id, regexp_extract(record, pattern, 1) || regexp_extract(record, pattern, 2) AS value
  FROM care_plan, key
)
SELECT DISTINCT person_id
FROM found
WHERE norm(value) NOT IN ('n', 'no', '0', 'false', 'null', 'none')
