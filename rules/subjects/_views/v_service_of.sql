-- One row per child: the service of the team that answers, as words are compared; null where the directory does not say.
WITH team AS (
  SELECT team_id, max(norm(service)) AS service FROM ext_team GROUP BY team_id
)
SELECT person_id, service
FROM v_team_of_child
LEFT JOIN team USING (team_id)
