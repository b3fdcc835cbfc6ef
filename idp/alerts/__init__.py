"""Security alerts: what a tenant's contacts must hear at once, by mail and by webhook, and once a trouble.

Owns what counts as a trouble, the row of each, and the mail.  Causes are events, to which `idp.alerts.causes` listens,
and failed sign-ins over all tenants, which `idp.alerts.spray` counts for the worker.  An alert is an event itself,
``alert.raised``, so a webhook that wants it gets it as any other.
"""
