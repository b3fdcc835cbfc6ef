"""The platform API, ``{base}/api/v1/…``: what operators do, one floor above the tenants.

Operators are people and machine clients of the built-in tenant ``system``; its issuer signs their tokens, and its roles
say what they may do.
"""
