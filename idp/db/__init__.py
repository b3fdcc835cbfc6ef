"""The database: one base for every table, the four tenancy locks, units of work, snapshot reads.

Owns no table and no verb of the domain.  PostgreSQL is the only dialect.
"""
