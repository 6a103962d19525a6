-- One row per person who is alive and not sealed: whom every rule may ask about.
SELECT person_id, dob, edd, unborn, age, under_18
FROM v_person
WHERE died IS NULL AND person_id NOT IN (SELECT person_id FROM v_sealed)
