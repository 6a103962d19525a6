WITH seen AS (
  SELECT id, max(seen_on) AS seen_on
  FROM (
    SELECT cppv_person_id AS id, cppv_cp_visit_date AS seen_on FROM ssd_cp_visits WHERE cppv_cp_visit_seen AND cppv_cp_visit_date <= as_of()
    UNION ALL
    SELECT clav_person_id, clav_cla_visit_date FROM ssd_cla_visits
    WHERE clav_cla_visit_seen AND clav_cla_visit_date <= as_of() AND clav_person_id IN (SELECT id FROM care)
  )
  WHERE id IN (SELECT id FROM plan)
  GROUP BY id
), agreed AS (
  SELECT person_id AS id, every_n FROM ext_visit_freq
  WHERE norm(kind) = 'cp' AND every_n > 0 AND every_n = floor(every_n) AND valid_from <= as_of() AND (valid_to IS NULL OR valid_to > as_of())
  QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY valid_from DESC, set_on DESC NULLS LAST, every_n) = 1
), counted AS (
  SELECT plan.id, coalesce(every_n, 10) AS every_n,
    greatest((SELECT no FROM calendar WHERE d = as_of()) - (SELECT no FROM calendar WHERE d = greatest(plan.starts, seen_on, plan.dob)), 0) AS wd
  FROM plan LEFT JOIN seen USING (id) LEFT JOIN agreed USING (id)
  WHERE NOT unborn
)
SELECT id, id AS person, CASE WHEN wd > every_n + 3 THEN 'red' WHEN wd >= every_n - 2 THEN 'amber' END AS level FROM counted
