-- One row per person whom no rule about children asks any more, and why, in words that say nothing of their life.
-- Those who came of age are here too: rules about care leavers must not use this.
SELECT coalesce(p.person_id, s.person_id) AS person_id, CASE
  WHEN p.died IS NOT NULL THEN 'record closed'
  WHEN s.person_id IS NOT NULL THEN 'no longer in scope'
  ELSE 'turned 18'
END AS reason
FROM v_person p
FULL JOIN v_sealed s ON s.person_id = p.person_id
WHERE p.died IS NOT NULL OR s.person_id IS NOT NULL OR NOT p.under_18
