-- One row per different outcome of an assessment: whether it says that nothing further is done. Each text is read once, as in
-- v_contact_outcome.
SELECT said, flag(said, 'NFA_FLAG') AS no_further_action
FROM (SELECT DISTINCT cina_assessment_outcome_json AS said FROM ssd_cin_assessments WHERE cina_assessment_outcome_json IS NOT NULL)
