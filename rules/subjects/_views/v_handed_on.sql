-- One row per involvement of a worker that may have made a case theirs. over: the data shows that it no longer does: it
-- ended, the record was closed or sealed, or somebody else has the child now. now: whether it is open today.
SELECT i.worker_id, i.involvement_id, i.now,
  coalesce(i.ended <= as_of(), false) OR p.died IS NOT NULL OR i.person_id IN (SELECT person_id FROM v_sealed)
    OR coalesce(a.worker_id <> i.worker_id, false) AS over
FROM v_involvement i
LEFT JOIN v_person p ON p.person_id = i.person_id
LEFT JOIN v_allocated a ON a.person_id = i.person_id AND a.held_as = i.held_as
WHERE i.held_as IN ('allocated', 'personal adviser')
