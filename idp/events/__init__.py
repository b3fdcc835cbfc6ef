"""What happened, and what must leave the system because of it.

Owns the event log (append-only, R57) and the outbox.  News goes up: whoever must react is listed in
`idp.wiring.SUBSCRIBERS`, and reacts inside the same transaction.
"""
