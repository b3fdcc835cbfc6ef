"""Between Flask and the domain: one unit of work a request, headers, cookies, CSRF, errors, health.

Knows no endpoint; `idp.oauth` and `idp.web` bring those.
"""
