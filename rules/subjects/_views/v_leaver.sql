-- One row per person who is a care leaver, or may be one: relevant, former relevant or qualifying, or written down as something
-- that no code map has (elig UNMAPPED); of the ages we answer for, not looked after now. The row that was written last counts, as
-- far as its dates tell, and then what it says: some case systems make its id anew every night. contact, pathway: null where they
-- lie ahead. elig, touch, accom, activity: codes. suitability: suitable, unsuitable or not known.
WITH said AS (
  SELECT c.person_id, c.age, clea_table_id AS table_id,
    CASE WHEN clea_care_leaver_latest_contact <= as_of() THEN clea_care_leaver_latest_contact END AS contact,
    CASE WHEN clea_pathway_plan_review_date <= as_of() THEN clea_pathway_plan_review_date END AS pathway,
    coalesce(clea_care_leaver_eligibility_code, 'NONE') AS elig,
    clea_care_leaver_in_touch_code AS touch,
    clea_care_leaver_accommodation_code AS home,
    norm(clea_care_leaver_accom_suitable) AS suits,
    clea_care_leaver_activity_code AS activity,
    clea_care_leaver_personal_advisor AS adviser_id,
    clea_care_leaver_allocated_team AS team_id
  FROM ssd_care_leavers
  JOIN v_child c ON c.person_id = clea_person_id
), latest AS (
  SELECT * FROM said
  QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY contact DESC NULLS LAST, pathway DESC NULLS LAST,
    list_position(['FREL', 'REL', 'QUAL', 'ELIG', 'NONE', 'UNMAPPED'], elig), touch DESC NULLS LAST, home DESC NULLS LAST,
    activity DESC NULLS LAST, table_id DESC NULLS LAST, suits DESC NULLS LAST, adviser_id DESC NULLS LAST,
    team_id DESC NULLS LAST) = 1
)
SELECT person_id, table_id, age, contact, pathway, elig, touch, activity, adviser_id, team_id,
  CASE WHEN home = 'UNMAPPED' THEN home ELSE left(home, 1) END AS accom,
  CASE
    WHEN contains(suits, 'unsuit') OR contains(suits, 'not suit') THEN 'unsuitable'
    WHEN suits IN ('2', 'n', 'no', 'b) no', '0', 'false') THEN 'unsuitable'
    WHEN contains(suits, 'suit') OR suits IN ('1', 'y', 'yes', 'a) yes', 'true') THEN 'suitable'
    WHEN home <> 'UNMAPPED' AND home LIKE '_1' THEN 'suitable'
    WHEN home <> 'UNMAPPED' AND home LIKE '_2' THEN 'unsuitable'
    ELSE 'not known'
  END AS suitability
FROM latest
WHERE elig IN ('REL', 'FREL', 'QUAL', 'UNMAPPED')
  AND coalesce(touch, '') NOT IN ('DIED', 'RHOM')
  AND age BETWEEN param('care_leaver_ages')[1] AND param('care_leaver_ages')[2]
  AND person_id NOT IN (SELECT person_id FROM v_cla)
  AND NOT (coalesce(touch, '') IN ('REFU', 'NREQ') AND age >= param('declined_counts_until_age'))
