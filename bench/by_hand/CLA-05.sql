WITH checked AS (
  SELECT clah_person_id AS id, max(clah_health_check_date) AS last
  FROM ssd_cla_health
  WHERE clah_health_check_date <= as_of() AND starts_with(norm(clah_health_check_status), 'complete')
    AND regexp_matches(norm(clah_health_check_type), 'dental|teeth')
  GROUP BY clah_person_id
), due AS (
  SELECT id, dob, CASE WHEN last >= entered - 90 THEN last ELSE greatest(entered, birthday(dob, 1)) END AS since, coalesce(last >= entered - 90, false) AS later
  FROM care JOIN child USING (id) LEFT JOIN checked USING (id)
  WHERE entered IS NOT NULL
)
SELECT id, id AS person, CASE WHEN as_of() > CAST(since + (CASE WHEN later THEN INTERVAL 12 MONTH ELSE INTERVAL 3 MONTH END) AS DATE) THEN 'red'
  WHEN as_of() >= CAST(since + (CASE WHEN later THEN INTERVAL 11 MONTH ELSE INTERVAL 2 MONTH END) AS DATE) THEN 'amber' END AS level
FROM due
WHERE dob IS NULL OR birthday(dob, 1) <= as_of()
