-- One row per child with an open referral that was accepted: the latest. team_id: the team it was referred to.
SELECT cine_person_id AS person_id, cine_referral_id AS referral_id, cine_referral_date AS referral_date,
  cine_referral_team AS team_id
FROM ssd_cin_episodes
JOIN v_child c ON c.person_id = cine_person_id
WHERE c.under_18 AND NOT cine_referral_nfa AND is_open(cine_referral_date, cine_close_date)
QUALIFY row_number() OVER (PARTITION BY cine_person_id ORDER BY cine_referral_date DESC NULLS LAST,
  cine_referral_id DESC NULLS LAST, cine_referral_team DESC NULLS LAST) = 1
