-- One row per person whose case somebody may carry: how much it weighs. A sealed record weighs 1, whatever is in it.
WITH latest_factors AS (
  SELECT cina_person_id AS person_id, groups
  FROM ssd_cin_assessments
  JOIN v_factors ON assessment_id = cina_assessment_id
  WHERE cina_assessment_auth_date > add_months(as_of(), -param('factor_months')) AND cina_assessment_auth_date <= as_of()
  QUALIFY row_number() OVER (PARTITION BY cina_person_id ORDER BY cina_assessment_auth_date DESC, cina_assessment_id DESC) = 1
), enquiry AS (
  SELECT DISTINCT s47e_person_id AS person_id
  FROM ssd_s47_enquiry
  WHERE s47e_s47_start_date > as_of() - days(param('recent_enquiry_days')) AND s47e_s47_start_date <= as_of()
), missing AS (
  SELECT miss_person_id AS person_id
  FROM ssd_missing
  WHERE miss_missing_episode_type_code = 'M' AND miss_missing_episode_start_date BETWEEN as_of() - days(param('missing_window_days')) AND as_of()
    AND miss_person_id IN (SELECT person_id FROM v_open_case)
  GROUP BY miss_person_id
  HAVING count(DISTINCT miss_missing_episode_start_date) >= param('often_missing_episodes')
)
SELECT p.person_id, CASE WHEN p.person_id IN (SELECT person_id FROM v_sealed) THEN 1 ELSE least(param('max_weight'),
    coalesce(param('load_weights')[s.state], param('load_weights')['referral'])
    + CASE WHEN list_contains(l.statuses, 'C1') THEN param('load_extras')['interim_order'] ELSE 0 END
    + CASE WHEN e.person_id IS NOT NULL THEN param('load_extras')['enquiry'] ELSE 0 END
    + CASE WHEN m.person_id IS NOT NULL AND p.under_18 THEN param('load_extras')['often_missing'] ELSE 0 END
    + least(coalesce(len(f.groups), 0) * param('load_extras')['each_factor_group'], param('load_extras')['factor_groups_at_most'])
  ) END AS weight
FROM v_person p
LEFT JOIN v_state s ON s.person_id = p.person_id
LEFT JOIN v_legal_now l ON l.person_id = p.person_id
LEFT JOIN enquiry e ON e.person_id = p.person_id
LEFT JOIN missing m ON m.person_id = p.person_id
LEFT JOIN latest_factors f ON f.person_id = p.person_id
