-- One row per different text of a care plan: whether it says that the child is to return home, or speaks of a long-term home. Each text
-- is read once, as in v_contact_outcome.
SELECT said, recorded(said, param('return_keys')) AS to_return, recorded(said, param('long_term_keys')) AS long_term
FROM (SELECT DISTINCT lacp_cla_care_plan_json AS said FROM ssd_cla_care_plan WHERE lacp_cla_care_plan_json IS NOT NULL)
