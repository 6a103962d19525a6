-- One row per child with a child in need plan today: the latest. since: when the unbroken run of their plans began that ends with
-- it; a plan that follows within `plan_gap_days` days goes on from the one before.
WITH plan AS (
  SELECT cinp_person_id AS person_id, cinp_cin_plan_id AS plan_id, cinp_cin_plan_start_date AS starts,
    cinp_cin_plan_end_date AS ends
  FROM ssd_cin_plans
), latest AS (
  SELECT person_id, plan_id, starts
  FROM plan
  JOIN v_child USING (person_id)
  WHERE under_18 AND is_open(starts, ends)
  QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY starts DESC NULLS LAST, plan_id DESC NULLS LAST) = 1
), theirs AS (
  SELECT person_id, list([starts, ends]) AS plans FROM plan WHERE starts IS NOT NULL GROUP BY person_id
)
SELECT person_id, plan_id, starts AS plan_start, run_back(starts, plans, param('plan_gap_days')) AS since
FROM latest
JOIN theirs USING (person_id)
