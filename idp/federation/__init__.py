"""Upstream sign-in: the identity providers that a tenant trusts, and who of them is who here (R21–R23).

A sign-in goes out in `transactions`, comes back through one of the `providers`, and `linking` decides who it is.  The
session is started by the stage machine of `idp.authn.login`, as for every other way in.
"""
