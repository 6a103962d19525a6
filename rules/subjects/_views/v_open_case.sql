-- One row per person with an open case: looked after, on a protection plan, in need, or a care leaver.
SELECT person_id, bool_or(kind = 'cla') AS in_care, bool_or(kind = 'cp') AS on_plan, bool_or(kind = 'cin') AS in_need,
  bool_or(kind = 'cl') AS care_leaver
FROM (
  SELECT person_id, 'cla' AS kind FROM v_cla
  UNION ALL SELECT person_id, 'cp' FROM v_cp
  UNION ALL SELECT person_id, 'cin' FROM v_cin
  UNION ALL SELECT person_id, 'cl' FROM v_cl
)
GROUP BY person_id
