-- One row per vacant post: the latest by the day since when it is vacant. open: whether it is neither filled nor withdrawn today.
SELECT vacancy_id, team_id, norm(role) AS role, vacant_from, advertised_on, offered_on,
  coalesce(filled_on > as_of(), true) AND coalesce(withdrawn_on > as_of(), true) AS open
FROM ext_vacancy
WHERE vacancy_id IS NOT NULL AND vacant_from <= as_of()
QUALIFY row_number() OVER (PARTITION BY vacancy_id ORDER BY vacant_from DESC, filled_on NULLS FIRST, withdrawn_on NULLS FIRST, offered_on NULLS FIRST,
  advertised_on NULLS FIRST, team_id, role) = 1
