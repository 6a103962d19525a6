-- One row per person whose case is open in some way, and how: the first that holds of cla (looked after), cp (protection plan),
-- cin_plan, leaver, assessment, referral.
SELECT person_id, arg_min(state, place) AS state
FROM (
  SELECT person_id, 'cla' AS state, 1 AS place FROM v_cla
  UNION ALL SELECT person_id, 'cp', 2 FROM v_cp
  UNION ALL SELECT person_id, 'cin_plan', 3 FROM v_cin_plan
  UNION ALL SELECT person_id, 'leaver', 4 FROM v_cl
  UNION ALL SELECT person_id, 'assessment', 5 FROM v_open_assessment WHERE started_on <= as_of()
  UNION ALL SELECT person_id, 'referral', 6 FROM v_cin
)
GROUP BY person_id
