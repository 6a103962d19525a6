WITH latest AS (
  SELECT prep_person_id AS id, prep_pre_pro_decision_date AS decided, prep_pre_pro_letter_date AS letter,
    coalesce(prep_initial_pre_pro_meeting_date <= as_of(), false) AS met,
    coalesce(prep_agree_stepdown_issue_date <= as_of(), false) OR coalesce(prep_care_pro_letter_date <= as_of(), false) AS over
  FROM ssd_pre_proceedings
  WHERE prep_pre_pro_decision_date <= as_of() AND prep_person_id IN (SELECT id FROM minor)
  QUALIFY row_number() OVER (PARTITION BY prep_person_id ORDER BY prep_pre_pro_decision_date DESC, prep_table_id DESC NULLS LAST) = 1
)
SELECT id, id AS person, CASE WHEN as_of() - decided > 112 THEN 'red' WHEN as_of() - decided > 84 OR (as_of() - letter > 15 AND NOT met) THEN 'amber' END AS level
FROM latest
WHERE NOT over AND NOT EXISTS (SELECT 1 FROM ssd_legal_status
  WHERE lega_person_id = id AND lega_legal_status_code IN ('C1', 'C2') AND lega_legal_status_start_date BETWEEN decided AND as_of()
    AND (lega_legal_status_end_date IS NULL OR lega_legal_status_end_date > as_of()))
