-- One row per team, or service (of_service), whose, and month with figures: those of its rows added up, null where one is not known.
WITH figure AS (
  -- A row that is there twice, equal in all of it, counts once.
  SELECT w.team_id, t.service, date_trunc('month', w.month)::DATE AS month, inpost_fte, vacant_fte, agency_fte, leavers_fte
  FROM (SELECT DISTINCT team_id, month, inpost_fte, vacant_fte, agency_fte, leavers_fte FROM ext_workforce) w
  LEFT JOIN v_case_team t ON t.team_id = w.team_id
  WHERE w.month IS NOT NULL
)
SELECT whose, of_service, month, CASE WHEN count(inpost_fte) = count(*) THEN round(fsum(inpost_fte), 9) END AS inpost,
  CASE WHEN count(vacant_fte) = count(*) THEN round(fsum(vacant_fte), 9) END AS vacant,
  CASE WHEN count(agency_fte) = count(*) THEN round(fsum(agency_fte), 9) END AS agency,
  CASE WHEN count(leavers_fte) = count(*) THEN round(fsum(leavers_fte), 9) END AS leavers
FROM (
  SELECT team_id AS whose, false AS of_service, * EXCLUDE (team_id, service) FROM figure
  UNION ALL SELECT service, true, * EXCLUDE (team_id, service) FROM figure
)
WHERE whose IS NOT NULL
GROUP BY whose, of_service, month
