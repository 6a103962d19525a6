-- Everybody alive and not sealed, with the date of birth.
SELECT pers_person_id AS id, coalesce(max(pers_dob), CASE WHEN max(pers_expected_dob) <= as_of() - 300 THEN max(pers_expected_dob) END) AS dob,
  max(pers_dob) IS NULL AND coalesce(max(pers_expected_dob) > as_of() - 28, false) AS unborn
FROM ssd_person
WHERE pers_person_id IS NOT NULL
  AND pers_person_id NOT IN (SELECT person_id FROM ext_restricted WHERE person_id IS NOT NULL AND coalesce(norm(level), '') <> 'limited')
GROUP BY pers_person_id
HAVING min(pers_death_date) IS NULL
