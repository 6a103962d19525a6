-- One row per person whose record is restricted to those whom it names, and not sealed. known_to: those lists, each once: who may know of
-- two people is not known from either's alone where theirs differ.
SELECT person_id, list_sort(list(DISTINCT coalesce(allowed_recipients, ''))) AS known_to
FROM ext_restricted
WHERE person_id IS NOT NULL AND person_id NOT IN (SELECT person_id FROM v_sealed)
GROUP BY person_id
