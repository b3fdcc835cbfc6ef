"""The pages of one's own account, `{issuer}/account…`: look, change, end, take along, leave.

Each page is shown to whoever is signed in, and begins a sign-in that leads back to it for everybody else.  What matters
asks for the password again (R38).  The verbs are those of `idp.accounts` and the packages below it.
"""
