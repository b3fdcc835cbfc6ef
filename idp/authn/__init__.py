"""How a person proves who they are, and what we remember of it: credentials, half-finished logins, sessions.

Only the stage machine in `idp.authn.login` starts a session (R30, R32).  NIST SP 800-63B-4.
"""
