"""Who is told what: one function decides it, by routing, silences, and what was told before. Its words are in `messages`.

May be asked: all that a run decides (`decide`), who is told of an alert, and why them (`routing`), how it is told and when a
reminder is due (`digests`), why others are not told (`recipient_log`), what becomes of a message that waited (`last_look`). A
mail to the wrong person, a reminder that fell due wrongly, something told twice or not at all is looked for here. It knows no
database: the store reads and writes its types.
"""
