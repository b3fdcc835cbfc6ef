"""One file a grant: ``grant(uow, registration, parameters) -> TokenResponse``.

What all of them share (parsing, client authentication, the allow-list, the narrowing of scope and audience) is in
`idp.oauth.endpoints`, `idp.oauth.resources` and `idp.oauth.tokens`, so that no grant can forget it.
"""
