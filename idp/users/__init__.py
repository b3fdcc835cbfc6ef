"""People of a tenant: who they are and how to write to them.  How they prove it is `idp.authn`'s matter.

Attributes follow OpenID Connect Core §5.1 and SCIM (RFC 7643).
"""
