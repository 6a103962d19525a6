-- One row per child with a personal adviser today.
SELECT person_id, involvement_id, worker_id, team_id, since, n_alloc FROM v_allocated WHERE held_as = 'personal adviser'
