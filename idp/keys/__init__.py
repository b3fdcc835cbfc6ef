"""Signing keys: their life, the public set, and the only module that signs or verifies a JWT (R17, R18).

Owns the signing_keys table.  RFC 7515, 7517, 7519, 7638.
"""
