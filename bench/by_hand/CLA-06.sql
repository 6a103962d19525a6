WITH scored AS (
  SELECT csdq_person_id AS id, max(csdq_sdq_completed_date) AS last
  FROM ssd_sdq_scores
  WHERE csdq_sdq_completed_date <= as_of() AND csdq_sdq_score BETWEEN 0 AND 40
  GROUP BY csdq_person_id
)
SELECT id, id AS person, CASE WHEN as_of() > CAST(coalesce(last + INTERVAL 12 MONTH, greatest(CAST(entered + INTERVAL 12 MONTH AS DATE), birthday(dob, 4))) AS DATE)
  THEN 'amber' END AS level
FROM care JOIN child USING (id) LEFT JOIN scored USING (id)
WHERE birthday(dob, 4) <= as_of() AND birthday(dob, 17) > as_of()
