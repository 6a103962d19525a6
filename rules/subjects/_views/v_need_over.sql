-- One row per child and referral (member) that no rule about children in need asks of any more, and why.
SELECT person_id, referral_id AS member, CASE
  WHEN closed THEN 'referral closed'
  WHEN no_further_action THEN 'no further action'
  WHEN goes_on AND person_id IN (SELECT person_id FROM v_cin) THEN 'no longer in scope'
END AS reason
FROM (
  SELECT cine_person_id AS person_id, cine_referral_id AS referral_id,
    bool_and(coalesce(cine_close_date <= as_of(), false)) AS closed, bool_and(cine_referral_nfa) AS no_further_action,
    bool_or(is_open(cine_referral_date, cine_close_date)) AS goes_on
  FROM ssd_cin_episodes
  GROUP BY cine_person_id, cine_referral_id
)
