-- One row per person: the team that answers, null where none can be told (the performance team then does).
-- The allocated worker's, as recorded with the allocation or in the directory; the team in which the case waits for a worker; the
-- team before; the team referred to.
SELECT c.person_id, coalesce(a.team_id, s.team_id, w.team_id, e.team_id, n.team_id) AS team_id
FROM v_person c
LEFT JOIN v_alloc a ON a.person_id = c.person_id
LEFT JOIN v_staff s ON s.worker_id = a.worker_id
LEFT JOIN v_team_in_waiting w ON w.person_id = c.person_id
LEFT JOIN v_last_alloc_end e ON e.person_id = c.person_id AND e.held_as = 'allocated'
LEFT JOIN v_cin n ON n.person_id = c.person_id
