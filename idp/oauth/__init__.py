"""The authorization server: clients, grants, codes, tokens and the endpoints that hand them out.

RFC 6749 with RFC 9700's cuts, 7636 (PKCE), 9126 (PAR), 9207 (iss), 9068 (access tokens), 8707 (resource indicators),
7662 (introspection), 7009 (revocation), 7523 (private_key_jwt); OpenID Connect Core, Discovery, RP-Initiated Logout.
Draws no page: `idp.web` does.
"""
