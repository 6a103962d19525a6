-- One row per different outcome of an enquiry: whether it says that a conference is wanted. Each text is read once, as in
-- v_contact_outcome.
SELECT said, flag(said, 'CP_CONFERENCE_FLAG') AS to_conference
FROM (SELECT DISTINCT s47e_s47_outcome_json AS said FROM ssd_s47_enquiry WHERE s47e_s47_outcome_json IS NOT NULL)
