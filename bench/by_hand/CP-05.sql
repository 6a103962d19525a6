WITH held AS (
  SELECT cppr_cp_plan_id AS plan_id, max(cppr_cp_review_date) FILTER (WHERE cppr_cp_review_date <= as_of()) AS last,
    min(coalesce(cppr_cp_review_date, cppr_cp_review_due)) FILTER (
      WHERE (cppr_cp_review_date IS NULL OR cppr_cp_review_date > as_of()) AND coalesce(cppr_cp_review_date, cppr_cp_review_due) >= as_of()) AS next
  FROM ssd_cp_reviews
  GROUP BY cppr_cp_plan_id
), due AS (
  SELECT id, next, CAST(coalesce(last + INTERVAL 6 MONTH, starts + INTERVAL 3 MONTH) AS DATE) AS due FROM plan LEFT JOIN held USING (plan_id)
)
SELECT id, id AS person, CASE WHEN as_of() > due THEN 'red' WHEN as_of() >= due - 15 AND NOT coalesce(next <= due, false) THEN 'amber' END AS level FROM due
