SELECT id, id AS person, CASE WHEN starts + INTERVAL 24 MONTH <= as_of() THEN 'red' WHEN starts + INTERVAL 18 MONTH <= as_of() THEN 'amber'
  WHEN starts + INTERVAL 15 MONTH <= as_of() THEN 'info' END AS level
FROM plan
