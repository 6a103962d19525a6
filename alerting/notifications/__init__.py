"""Who is told what: the directory of the day, routing, silences, what each message holds. Its words are in `messages`.

May be asked: who is told of an alert, and why them (`routing`), what a run tells everybody (`planning`). A mail to the wrong person,
a reminder that fell due wrongly, something told twice or not at all is looked for here.
"""
