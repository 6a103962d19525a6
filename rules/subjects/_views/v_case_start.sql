-- One row per person with an open case: when what they are known for began. The period of care, else the protection plan, else
-- the referral, else leaving care.
SELECT o.person_id, CASE
  WHEN o.in_care THEN cla.entered
  WHEN o.on_plan THEN cp.plan_start
  WHEN o.in_need THEN cin.referral_date
  ELSE l.leaver_since
END AS case_start
FROM v_open_case o
LEFT JOIN v_cla cla ON cla.person_id = o.person_id
LEFT JOIN v_cp cp ON cp.person_id = o.person_id
LEFT JOIN v_cin cin ON cin.person_id = o.person_id
LEFT JOIN v_leaver_since l ON l.person_id = o.person_id
