-- One row per worker id that is a tray, a queue or a system, not a person.
WITH called AS (
  SELECT prof_professional_id AS worker_id, prof_professional_name AS name FROM ssd_professionals
  UNION ALL SELECT worker_id, name FROM ext_staff
)
SELECT unnest(param('pseudo_worker_ids')) AS worker_id
UNION
SELECT worker_id
FROM called
-- Cut into words first: Matray is a person, Tray is not.
WHERE worker_id IS NOT NULL
  AND list_has_any(string_split_regex(norm(name), '[^\p{L}]+'), list_transform(param('pseudo_worker_words'), lambda word: norm(word)))
