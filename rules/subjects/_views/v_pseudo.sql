-- One row per worker id that is a tray, a queue, a system or a filler, not a person: by its names, or by the id itself.
WITH called AS (
  SELECT prof_professional_id AS worker_id, prof_professional_name AS name FROM ssd_professionals
  UNION ALL SELECT worker_id, name FROM ext_staff
  UNION ALL SELECT prof_professional_id, prof_professional_id FROM ssd_professionals
  UNION ALL SELECT worker_id, worker_id FROM ext_staff
  UNION ALL SELECT invo_professional_id, invo_professional_id FROM ssd_involvements
), said AS (
  SELECT worker_id, norm(name) AS name FROM (SELECT DISTINCT worker_id, name FROM called WHERE worker_id IS NOT NULL AND name IS NOT NULL)
)
SELECT unnest(param('pseudo_worker_ids')) AS worker_id
UNION
SELECT worker_id
FROM said
-- Cut into words first: Matray is a person, Tray is not. Nor is XXX: three letters or more, and all the same.
WHERE list_has_any(string_split_regex(name, '[^\p{L}]+'), list_transform(param('pseudo_worker_words'), lambda word: norm(word)))
  OR (regexp_matches(name, '^\p{L}{3,}$') AND replace(name, left(name, 1), '') = '')
