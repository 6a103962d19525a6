"""Messages leave and come back: attempts, the order of sending, mails that bounce, an environment kept apart.

May be asked: to send what waits (`sending`), to read what came back (`bounces`). `attempt` says what is asked of a notifier. A mail that
came late, twice or not at all is looked for here, one to the wrong person in `notifications`.
"""
