"""The small stylesheet that carries a tenant's accent colour to its pages (`idp.colour` makes it legible)."""

from idp.colour import accessible_accent

DEFAULT_ACCENT = "#4361dd"
"""What `static/idp.css` carries for pages without a tenant and for tenants that chose nothing."""


def theme_css(accent: str) -> str:
    """The stylesheet at `{issuer}/theme.css`: the accent's custom properties, nothing else.

    Raises:
        ValueError: `accent` is not `#rgb` or `#rrggbb`; nothing else can get into the stylesheet.
    """
    safe = accessible_accent(accent)
    light, dark = safe.light, safe.dark
    return (
        ":root{"
        f"--accent:light-dark({light.colour},{dark.colour});"
        f"--accent-text:light-dark({light.text},{dark.text});"
        f"--accent-hover:light-dark({light.hover},{dark.hover});"
        f"--focus:light-dark({light.colour},{dark.colour})"
        "}\n"
    )
