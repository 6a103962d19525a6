-- One row per person whose legal statuses are those of a series of short breaks, and none of full care.
SELECT person_id
FROM v_legal_now
WHERE list_has_any(statuses, param('short_break_statuses')) AND NOT list_has_any(statuses, param('full_care_statuses'))
