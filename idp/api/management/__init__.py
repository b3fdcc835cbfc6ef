"""The management API, ``{issuer}/api/v1/…``: all that a tenant's administrators, and their programs, do.

A module here is one noun: its schemas, its examples, and its operations, each of them one permission and one verb.
"""
