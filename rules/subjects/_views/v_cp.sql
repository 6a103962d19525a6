-- One row per child on a protection plan of our own today: the latest plan. n_open: different open plans.
WITH open_plan AS (
  SELECT cppl_person_id AS person_id, cppl_cp_plan_id AS plan_id, cppl_cp_plan_start_date AS plan_start
  FROM ssd_cp_plans
  JOIN v_child c ON c.person_id = cppl_person_id
  WHERE c.under_18 AND NOT cppl_cp_plan_ola AND is_open(cppl_cp_plan_start_date, cppl_cp_plan_end_date)
), counted AS (
  SELECT person_id, count(DISTINCT plan_id) AS n_open FROM open_plan GROUP BY person_id
)
SELECT person_id, plan_id, plan_start, n_open
FROM open_plan
JOIN counted USING (person_id)
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY plan_start DESC NULLS LAST, plan_id DESC NULLS LAST) = 1
