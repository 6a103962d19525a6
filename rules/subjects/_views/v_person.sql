-- One row per person, those who died and sealed ones included. An expected date of birth long past, with no date of
-- birth, is the date of birth in the wrong column. died: any real date, one ahead too. under_18: true also where the
-- date of birth is not known.
WITH said AS (
  SELECT pers_person_id AS person_id, max(pers_dob) AS dob, max(pers_expected_dob) AS edd, min(pers_death_date) AS died
  FROM ssd_person
  WHERE pers_person_id IS NOT NULL
  GROUP BY pers_person_id
), born AS (
  SELECT person_id, edd, died,
    coalesce(dob, CASE WHEN edd <= as_of() - days(param('expected_dob_is_dob_after_days')) THEN edd END) AS dob
  FROM said
)
SELECT person_id, dob, edd, died,
  dob IS NULL AND coalesce(edd > as_of() - days(param('unborn_until_days_after_edd')), false) AS unborn,
  age(dob, as_of()) AS age,
  coalesce(age(dob, as_of()) < param('adult_age'), true) AS under_18
FROM born
