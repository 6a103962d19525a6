-- Of these, those under 18.
SELECT * FROM child WHERE dob IS NULL OR dob + INTERVAL 18 YEAR > as_of()
