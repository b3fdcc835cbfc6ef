"""Other people's sign-in services, on loopback: as honest or as hostile as a test says."""
