-- One row per different outcome of a referral: whether it says that the referral is of a care leaver, a private fostering arrangement
-- or an adoption outside an agency. Each text is read once, as in v_contact_outcome.
SELECT said, flag(said, 'CARE_LEAVER_FLAG') OR flag(said, 'NON_AGENCY_ADOPTION_FLAG') OR flag(said, 'PRIVATE_FOSTERING_FLAG') AS of_another_kind
FROM (SELECT DISTINCT cine_referral_outcome_json AS said FROM ssd_cin_episodes WHERE cine_referral_outcome_json IS NOT NULL)
