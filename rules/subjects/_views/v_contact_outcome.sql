-- One row per different outcome of a contact: whether it says that the contact went to an existing referral. As a table of its own
-- each text is read once, however many contacts have it.
SELECT said, flag(said, 'EXISTING_REFERRAL_FLAG') AS to_existing_referral
FROM (SELECT DISTINCT cont_contact_outcome_json AS said FROM ssd_contacts WHERE cont_contact_outcome_json IS NOT NULL)
