SELECT id, id AS person, CASE WHEN as_of() - min(since) FILTER (WHERE status = 'C1') > 182 THEN 'red'
  WHEN as_of() - min(since) FILTER (WHERE status = 'C1') > 140 THEN 'amber' END AS level
FROM legal JOIN care USING (id)
GROUP BY id
HAVING NOT bool_or(status IN ('C2', 'E1'))
