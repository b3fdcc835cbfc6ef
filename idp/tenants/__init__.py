"""Tenants: who they are, how a request finds one, and their life from creation to purge (R49, R51).

Owns the tenants table and the issuer.  Knows nothing of people, keys or clients; `idp.wiring` composes a tenant's
birth from their verbs.
"""
