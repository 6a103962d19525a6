-- One row per child and protection plan (member) that no rule about plans asks of any more, and why.
SELECT person_id, plan_id AS member, CASE
  WHEN ended THEN 'plan ended'
  WHEN elsewhere THEN 'plan of another council'
  WHEN goes_on AND person_id IN (SELECT person_id FROM v_cp) THEN 'no longer in scope'
END AS reason
FROM (
  SELECT cppl_person_id AS person_id, cppl_cp_plan_id AS plan_id,
    bool_and(coalesce(cppl_cp_plan_end_date <= as_of(), false)) AS ended,
    bool_and(cppl_cp_plan_ola) AS elsewhere,
    bool_or(is_open(cppl_cp_plan_start_date, cppl_cp_plan_end_date)) AS goes_on
  FROM ssd_cp_plans
  GROUP BY cppl_person_id, cppl_cp_plan_id
)
