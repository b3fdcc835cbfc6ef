"""The sign-in API, ``{issuer}/api/v1/auth/…``: for first-party applications that ask for the password themselves."""
