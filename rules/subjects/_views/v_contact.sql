-- One row per contact: when it came in and when it was decided, whether it is urgent, the team that decides, and the child it is about.
-- Of several children the smallest number, those first whose record is restricted to some. blocked: whether anybody on it is sealed, or it is divided:
-- of two children on it different people may know, so that nobody can be told of it by the list of one of them.
-- settled: whether all its people are on a contact with an existing referral. asked: whether one is a child of ours.
WITH said AS (
  SELECT contact_id, min(received_at_moment) AS received, min(decision_at_moment) AS decided, coalesce(bool_or(norm(rag) = 'red'), false) AS urgent,
    min(c.team_id) FILTER (WHERE c.team_id IN (SELECT team_id FROM ext_team)) AS team_id
  FROM ext_contact c
  WHERE contact_id IS NOT NULL
  GROUP BY contact_id
), people AS (
  SELECT cont_contact_id AS contact_id, cont_person_id AS person_id, coalesce(o.to_existing_referral, false) AS flagged
  FROM ssd_contacts
  LEFT JOIN v_contact_outcome o ON o.said = cont_contact_outcome_json
  WHERE cont_contact_id IN (SELECT contact_id FROM said) AND cont_person_id IS NOT NULL
), of_contact AS (
  SELECT contact_id, bool_and(flagged) AS settled, bool_or(person_id IN (SELECT person_id FROM v_sealed)) AS sealed,
    count(DISTINCT known_to) > 1 AS divided,
    coalesce(bool_or(NOT flagged AND person_id IN (SELECT person_id FROM v_child WHERE under_18)), false) AS asked,
    first(person_id ORDER BY person_id NOT IN (SELECT person_id FROM v_limited), person_id) FILTER (
      WHERE NOT flagged AND person_id IN (SELECT person_id FROM v_person)) AS person_id
  FROM people
  LEFT JOIN v_limited USING (person_id)
  GROUP BY contact_id
)
SELECT contact_id, received, decided, urgent, coalesce(team_id, (SELECT team_id FROM v_front_door)) AS team_id, person_id,
  coalesce(settled, false) AS settled, coalesce(sealed OR divided, false) AS blocked, coalesce(divided AND NOT sealed, false) AS divided,
  coalesce(asked, false) AS asked
FROM said
LEFT JOIN of_contact USING (contact_id)
