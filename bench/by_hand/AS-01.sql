WITH opened AS (
  SELECT DISTINCT cina_assessment_id AS id, cina_person_id AS person, cina_assessment_start_date AS starts
  FROM ssd_cin_assessments
  JOIN minor ON minor.id = cina_person_id
  JOIN ssd_cin_episodes ON cine_referral_id = cina_referral_id AND cine_person_id = cina_person_id
  WHERE cina_assessment_id IS NOT NULL AND (cina_assessment_auth_date IS NULL OR cina_assessment_auth_date > as_of())
    AND cine_referral_date <= as_of() AND (cine_close_date IS NULL OR cine_close_date > as_of())
), counted AS (
  SELECT id, min(person) AS person, min(CASE WHEN starts <= as_of() THEN (SELECT no FROM calendar WHERE d = as_of()) - c.no END) AS wd
  FROM opened JOIN calendar c ON c.d = starts
  GROUP BY id
  -- Of an id that is there twice the row that began first counts.
  HAVING bool_or(starts <= as_of())
)
SELECT id, person, CASE WHEN wd > 45 THEN 'red' WHEN wd >= 35 THEN 'amber' END AS level FROM counted
