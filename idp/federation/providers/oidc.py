"""OpenID Connect."""


class OpenIDConnect:
    """Placeholder until the provider is published."""
