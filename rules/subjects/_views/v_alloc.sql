-- One row per child with an allocated worker today.
SELECT person_id, involvement_id, worker_id, team_id, since, n_alloc FROM v_allocated WHERE held_as = 'allocated'
