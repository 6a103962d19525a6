-- One row per person with a legal status today: the codes in order, each once. Words we do not know are left out.
SELECT lega_person_id AS person_id, list_sort(list(DISTINCT lega_legal_status_code)) AS statuses
FROM ssd_legal_status
JOIN v_child ON person_id = lega_person_id
WHERE is_open(lega_legal_status_start_date, lega_legal_status_end_date) AND lega_legal_status_code <> 'UNMAPPED'
GROUP BY lega_person_id
