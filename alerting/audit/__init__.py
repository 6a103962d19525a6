"""The promises, proved from the store alone: what was told, to whom, when, and why others were not.

May be asked: what of a range of days breaks a promise (`verify`). It shares no code with what it checks, so it reads the store
in its own SQL.
"""
