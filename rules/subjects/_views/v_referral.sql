-- One row per referral of ext_referral: when it came and when it was completed, its team, and the child it is about, as in v_contact.
-- closed, no_further_action: whether all that is recorded of it has ended, or goes no further.
WITH said AS (
  SELECT referral_id, min(received_at_moment) AS received, min(completed_at_moment) AS completed,
    min(r.team_id) FILTER (WHERE r.team_id IN (SELECT team_id FROM ext_team)) AS team_id
  FROM ext_referral r
  WHERE referral_id IS NOT NULL
  GROUP BY referral_id
), people AS (
  SELECT cine_referral_id AS referral_id, cine_person_id AS person_id, coalesce(cine_close_date <= as_of(), false) AS closed,
    cine_referral_nfa AS no_further_action
  FROM ssd_cin_episodes
  WHERE cine_referral_id IN (SELECT referral_id FROM said) AND cine_person_id IS NOT NULL
), of_referral AS (
  SELECT referral_id, bool_and(closed) AS closed, bool_and(no_further_action) AS no_further_action,
    bool_or(person_id IN (SELECT person_id FROM v_sealed)) AS sealed, count(DISTINCT known_to) > 1 AS divided,
    coalesce(bool_or(NOT closed AND NOT no_further_action AND person_id IN (SELECT person_id FROM v_child WHERE under_18)), false) AS asked,
    first(person_id ORDER BY person_id NOT IN (SELECT person_id FROM v_limited), person_id) FILTER (
      WHERE NOT closed AND NOT no_further_action AND person_id IN (SELECT person_id FROM v_person)) AS person_id
  FROM people
  LEFT JOIN v_limited USING (person_id)
  GROUP BY referral_id
)
SELECT referral_id, received, completed, coalesce(team_id, (SELECT team_id FROM v_front_door)) AS team_id, person_id,
  coalesce(closed, false) AS closed, coalesce(no_further_action, false) AS no_further_action, coalesce(sealed OR divided, false) AS blocked,
  coalesce(divided AND NOT sealed, false) AS divided, coalesce(asked, false) AS asked
FROM said
LEFT JOIN of_referral USING (referral_id)
