WITH need AS (
  SELECT cinp_person_id AS id, cinp_cin_plan_start_date AS starts
  FROM ssd_cin_plans
  WHERE cinp_cin_plan_start_date <= as_of() AND (cinp_cin_plan_end_date IS NULL OR cinp_cin_plan_end_date > as_of())
    AND cinp_person_id IN (SELECT id FROM minor)
  QUALIFY row_number() OVER (PARTITION BY cinp_person_id ORDER BY cinp_cin_plan_start_date DESC, cinp_cin_plan_id DESC NULLS LAST) = 1
), both_open AS (
  SELECT need.id, greatest(need.starts, coalesce(care.entered, plan.starts)) AS since
  FROM need LEFT JOIN care USING (id) LEFT JOIN plan USING (id)
  WHERE care.entered IS NOT NULL OR plan.starts IS NOT NULL
)
SELECT id, id AS person, CASE WHEN since <= as_of() AND (SELECT no FROM calendar WHERE d = as_of()) - c.no > 5 THEN 'amber' END AS level
FROM both_open JOIN calendar c ON c.d = since
