-- One row per person whom no rule about children asks any more, and why, in words that say nothing of their life.
-- Those who came of age are here too: rules about care leavers must not use this.
SELECT person_id, CASE
  WHEN died IS NOT NULL THEN 'record closed'
  WHEN person_id IN (SELECT person_id FROM v_sealed) THEN 'no longer in scope'
  ELSE 'turned 18'
END AS reason
FROM v_person
WHERE died IS NOT NULL OR person_id IN (SELECT person_id FROM v_sealed) OR NOT under_18
