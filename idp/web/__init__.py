"""The pages that people see: hosted sign-in and its neighbours, the tenant's theme, the development mailbox.

Owns templates, the one stylesheet, the optional scripts and the views behind `{issuer}/login`, `consent`,
`select-account`, `logout` and `{issuer}/`.  Decides nothing: each view calls one verb of a package below and
returns to the dispatcher in `idp.oauth.authorize`.  Answers to WCAG 2.2 AA and OpenID Connect Core §3.1.2.3-4.
"""
