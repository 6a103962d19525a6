-- One row per worker of ext_staff: the post held today, else the latest. is_current: whether it is held today.
-- service: of the team of that post.
WITH post AS (
  SELECT worker_id, role, team_id, fte, asye, starts_on,
    coalesce(starts_on <= as_of(), true) AND coalesce(ends_on >= as_of(), true) AS is_current
  FROM ext_staff
  WHERE worker_id IS NOT NULL
), latest AS (
  SELECT * FROM post
  QUALIFY row_number() OVER (PARTITION BY worker_id ORDER BY is_current DESC, starts_on DESC NULLS LAST,
    team_id DESC NULLS LAST, role DESC NULLS LAST, fte DESC NULLS LAST, asye DESC) = 1
), team AS (
  SELECT team_id, max(norm(service)) AS service FROM ext_team GROUP BY team_id
)
SELECT worker_id, norm(role) AS role, team_id, service, fte, asye, starts_on, is_current
FROM latest
LEFT JOIN team USING (team_id)
