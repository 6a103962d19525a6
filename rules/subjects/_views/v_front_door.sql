-- One row per council: the team of the front door, the first by number; null where the directory has none.
SELECT min(team_id) AS team_id FROM ext_team WHERE norm(service) = 'front_door'
