"""idp: a multi-tenant identity provider."""
