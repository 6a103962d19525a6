"""The service's own memory, the only door to its database: alerts, what was told, what waits to be sent, who works on which run.

May be asked: the alerts there are (`store`), messages to send, claimed one by one (`messages.outbox`), leave to run a job (`job_leases`). One
transaction commits a run's changes of alerts, their history and the messages planned.
"""
