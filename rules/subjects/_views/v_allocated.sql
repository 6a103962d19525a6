-- One row per child and kind of role (held_as) with a worker today: the latest involvement. n_alloc: different workers.
WITH now_held AS (
  SELECT i.* FROM v_involvement i JOIN v_child c ON c.person_id = i.person_id WHERE i.now
), counted AS (
  SELECT held_as, person_id, count(DISTINCT worker_id) AS n_alloc FROM now_held GROUP BY held_as, person_id
)
SELECT held_as, person_id, involvement_id, worker_id, team_id, started AS since, n_alloc
FROM now_held
JOIN counted USING (held_as, person_id)
QUALIFY row_number() OVER (PARTITION BY held_as, person_id ORDER BY started DESC NULLS LAST,
  involvement_id DESC NULLS LAST, worker_id DESC NULLS LAST, team_id DESC NULLS LAST) = 1
