"""Primitives: opaque secrets, password hashes, sealed values.  Owns no rows and knows no tenant.

Only here and in `idp.keys` may `cryptography`, `argon2` and `jwt` be imported.
"""
