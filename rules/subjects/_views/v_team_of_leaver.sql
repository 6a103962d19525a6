-- One row per care leaver: the personal adviser's team first, then the team of the care leaver record, then as for a child.
SELECT l.person_id, coalesce(p.team_id, s.team_id, l.team_id, t.team_id) AS team_id
FROM v_leaver l
JOIN v_team_of_child t ON t.person_id = l.person_id
LEFT JOIN v_pa p ON p.person_id = l.person_id
LEFT JOIN v_staff s ON s.worker_id = p.worker_id
