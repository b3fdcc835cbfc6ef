"""The JSON API: ``{issuer}/api/v1/…``, and what describes it.

Owns the sign-in API for first-party applications, its OpenAPI document and the page that shows it.  It translates
between JSON and one verb, as the pages do, and decides nothing.  Bearer tokens only: no cookie is read or set (R40).
RFC 6750, RFC 9457, OpenAPI 3.1.
"""
