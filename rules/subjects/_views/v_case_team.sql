-- One row per team of a service that holds cases (case_services).
SELECT team_id, norm(min(service)) AS service, min(manager_id) AS manager_id
FROM ext_team
WHERE team_id IS NOT NULL
GROUP BY team_id
HAVING list_contains(param('case_services'), norm(min(service)))
