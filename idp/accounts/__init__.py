"""The life of an account: sign up, be invited, prove an address, recover, change, leave.

Owns registrations and invitations.  Composes the verbs of the packages below; the faces (pages, JSON API, terminal)
and the worker call it.  NIST SP 800-63A/B-4, OWASP ASVS 5.0 V6.
"""
