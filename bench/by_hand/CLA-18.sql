WITH known AS (
  SELECT id FROM care UNION SELECT id FROM plan
  UNION SELECT cine_person_id FROM ssd_cin_episodes
  WHERE NOT cine_referral_nfa AND cine_referral_date <= as_of() AND (cine_close_date IS NULL OR cine_close_date > as_of())
  UNION SELECT clea_person_id FROM ssd_care_leavers
  WHERE clea_care_leaver_eligibility_code IN ('REL', 'FREL', 'QUAL') AND coalesce(clea_care_leaver_in_touch_code, '') NOT IN ('DIED', 'RHOM')
)
SELECT miss_person_id AS id, miss_person_id AS person, CASE WHEN count(DISTINCT miss_missing_episode_start_date) >= 3 THEN 'red' END AS level
FROM ssd_missing
WHERE miss_missing_episode_type_code = 'M' AND miss_missing_episode_start_date BETWEEN as_of() - 90 AND as_of()
  AND miss_person_id IN (SELECT id FROM minor) AND miss_person_id IN (SELECT id FROM known)
GROUP BY miss_person_id
