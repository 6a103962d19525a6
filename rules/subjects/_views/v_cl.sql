-- One row per care leaver: as v_leaver, and certainly relevant, former relevant or qualifying.
SELECT * FROM v_leaver WHERE elig <> 'UNMAPPED'
