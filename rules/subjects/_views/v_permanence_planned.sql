-- One row per person with an open care plan that says how permanence is to be reached: at least one of the keys has a
-- value that is not a no. The record is read by its letters, not as JSON: exports cut and bend it.
WITH care_plan AS (
  -- Each `"KEY" :` becomes ␁KEY␂, so that one pass finds all keys, wherever the value of another key ends.
  SELECT lacp_person_id AS person_id, row_number() OVER () AS plan_no, string_split(regexp_replace(
    translate(lacp_cla_care_plan_json, chr(1) || chr(2), chr(3) || chr(3)),
    '(?i)"(' || list_aggregate(list_transform(param('permanence_keys'), lambda word: regexp_escape(word)), 'string_agg', '|')
      || ')"[\s\v\p{Z}]*:[\s\v\p{Z}]*',
    chr(1) || '\1' || chr(2), 'g'), chr(1)) AS parts
  FROM ssd_cla_care_plan
  WHERE lacp_person_id IS NOT NULL AND is_open(lacp_cla_care_plan_start_date, lacp_cla_care_plan_end_date)
), said AS (
  SELECT person_id, plan_no, no, split_part(parts[no], chr(2), 1) AS key,
    -- What follows goes on with the next key, whose quotes were taken: they may end a value, or be one.
    split_part(parts[no], chr(2), 2) || coalesce('"' || split_part(parts[no + 1], chr(2), 1) || '"', '') AS follows
  FROM (SELECT *, unnest(range(2, len(parts) + 1)) AS no FROM care_plan)
), first_said AS (
  SELECT person_id, regexp_extract(follows, '^(?:"([^"]*)"|([A-Za-z0-9_.+-]+))', 1)
    || regexp_extract(follows, '^(?:"([^"]*)"|([A-Za-z0-9_.+-]+))', 2) AS value
  FROM said
  WHERE regexp_matches(follows, '^(?:"[^"]*"|[A-Za-z0-9_.+-])')
  QUALIFY row_number() OVER (PARTITION BY plan_no, lower(key) ORDER BY no) = 1
)
SELECT DISTINCT person_id
FROM first_said
WHERE norm(value) NOT IN ('n', 'no', '0', 'false', 'null', 'none')
