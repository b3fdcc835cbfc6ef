"""GitHub."""

GITHUB = object()
