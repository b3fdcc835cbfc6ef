"""The terminal of an operator."""

from tests.cli.conftest import idp

__all__ = ["idp"]
