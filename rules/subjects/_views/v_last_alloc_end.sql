-- One row per person and kind of role (held_as) that a worker held and no longer holds: when the last one ended.
-- team_id: of the latest that names a team.
SELECT held_as, person_id, max(ended) AS ended_on,
  first(team_id ORDER BY ended DESC, involvement_id DESC NULLS LAST, team_id DESC) FILTER (WHERE team_id IS NOT NULL) AS team_id
FROM v_involvement
WHERE ended <= as_of()
GROUP BY held_as, person_id
