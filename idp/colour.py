"""A tenant's accent colour, made legible, for pages and mails.

A tenant may choose any colour; what stands on it must stay readable.  What a tenant chose is used as it is wherever it
reaches AA, otherwise the nearest shade of it that does, separately for light and dark surroundings.
WCAG 2.2 §1.4.3 (text, 4.5:1) and §1.4.11 (controls and focus rings, 3:1).
"""

import colorsys
import re
from dataclasses import dataclass
from itertools import product

TEXT_CONTRAST = 4.5
RING_CONTRAST = 3.0

LIGHT_SURFACES = ("#ffffff", "#f5f6f8")
DARK_SURFACES = ("#101216", "#191c21")
"""The backgrounds in `static/idp.css` on which buttons and focus rings stand: the card and the page."""

_WHITE = "#ffffff"
_BLACK = "#000000"
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_STEPS = 256
_HOVER = 0.07


@dataclass(frozen=True)
class Shade:
    """The accent on one kind of page, as `#rrggbb`.

    Attributes:
        colour: background of the primary button, and the focus ring.
        text: black or white, whichever is read on `colour`.
        hover: `colour` under the pointer; `text` is read on it as well.
    """

    colour: str
    text: str
    hover: str


@dataclass(frozen=True)
class Accent:
    """What became of the colour that a tenant gave: one shade for light pages, one for dark ones."""

    given: str
    light: Shade
    dark: Shade

    @property
    def changed(self) -> bool:
        """Whether either page needs another shade than the given colour; the branding page says so."""
        return not self.given == self.light.colour == self.dark.colour


def accessible_accent(given: str) -> Accent:
    """Keep the colour where it reaches AA, else take the nearest shade that does.

    Args:
        given: `#rgb` or `#rrggbb`.

    Raises:
        ValueError: `given` is no such colour.
    """
    colour = _normal(given)
    return Accent(given=colour, light=_shade(colour, LIGHT_SURFACES), dark=_shade(colour, DARK_SURFACES))


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two `#rrggbb` colours, 1.0 to 21.0, in either order."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _shade(colour: str, surfaces: tuple[str, ...]) -> Shade:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    if not _stands_out(colour, surfaces):
        # Hue and saturation stay, lightness walks away in both directions.  Its ends are black and white,
        # and one of them stands out from any surface, so the walk always arrives.
        walk = (
            _hex(colorsys.hls_to_rgb(hue, min(1.0, max(0.0, lightness + sign * step / _STEPS)), saturation))
            for step, sign in product(range(1, _STEPS + 1), (-1, 1))
        )
        colour = next(shade for shade in walk if _stands_out(shade, surfaces))
        hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    # Of black and white one always reaches 4.58:1 (the square root of 21), on any colour.
    text = _WHITE if contrast(colour, _WHITE) >= TEXT_CONTRAST else _BLACK
    away = lightness - _HOVER if text == _WHITE else lightness + _HOVER
    if not 0.0 <= away <= 1.0:
        away = 2 * _HOVER if text == _WHITE else 1.0 - 2 * _HOVER
    return Shade(colour, text, _hex(colorsys.hls_to_rgb(hue, away, saturation)))


def _stands_out(colour: str, surfaces: tuple[str, ...]) -> bool:
    return all(contrast(colour, surface) >= RING_CONTRAST for surface in surfaces)


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
        for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _normal(colour: str) -> str:
    if not _HEX.fullmatch(colour):
        raise ValueError("A colour is written #rgb or #rrggbb.")
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == len("rrggbb") else "".join(digit * 2 for digit in digits))


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + bytes(round(channel * 255) for channel in channels).hex()
