-- One row per assessment of a child that is not authorised and whose referral is open; one that lies ahead too.
WITH referral AS (
  SELECT cine_referral_id AS referral_id, cine_person_id AS person_id, min(cine_referral_date) AS referral_date
  FROM ssd_cin_episodes
  WHERE is_open(cine_referral_date, cine_close_date)
  GROUP BY cine_referral_id, cine_person_id
)
SELECT cina_assessment_id AS assessment_id, c.person_id, cina_assessment_start_date AS started_on, r.referral_date
FROM ssd_cin_assessments
JOIN v_child c ON c.person_id = cina_person_id
JOIN referral r ON r.referral_id = cina_referral_id AND r.person_id = cina_person_id
WHERE c.under_18 AND cina_assessment_id IS NOT NULL
  AND (cina_assessment_auth_date IS NULL OR cina_assessment_auth_date > as_of())
-- An id that is there twice is asked about once: the row that began first.
QUALIFY row_number() OVER (PARTITION BY cina_assessment_id ORDER BY cina_assessment_start_date > as_of() NULLS LAST,
  cina_assessment_start_date NULLS LAST, r.referral_date, c.person_id) = 1
