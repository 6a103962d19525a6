"""Messages as the store keeps them: what waits to be sent, what each holds, who may be tried, what came back.

May be asked: to plan, claim and settle messages (`outbox`), which receivers and addresses rest (`circuit_breaker`), whether anything may
be sent at all (`send_hold`), what became of a mail that came back (`bounced_messages`), what each was last told (`told`).
What a message holds is JSON here and nowhere else.
"""
