"""The accent of a tenant is legible whatever the tenant chose."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.colour import DARK_SURFACES, LIGHT_SURFACES, accessible_accent, contrast
from idp.web import theme
from idp.web.theme import theme_css

STYLESHEET = Path(theme.__file__).parent / "static" / "idp.css"

colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(colours)
def test_text_on_the_accent_reaches_aa_also_under_the_pointer(colour: str) -> None:
    accent = accessible_accent(colour)
    for shade in (accent.light, accent.dark):
        assert contrast(shade.text, shade.colour) >= 4.5
        assert contrast(shade.text, shade.hover) >= 4.5


@given(colours)
def test_the_ring_stands_out_from_every_surface(colour: str) -> None:
    accent = accessible_accent(colour)
    assert all(contrast(accent.light.colour, surface) >= 3 for surface in LIGHT_SURFACES)
    assert all(contrast(accent.dark.colour, surface) >= 3 for surface in DARK_SURFACES)


@given(colours)
def test_a_colour_that_reaches_aa_is_kept_and_a_shade_needs_no_second_change(colour: str) -> None:
    accent = accessible_accent(colour)
    if all(contrast(colour, surface) >= 3 for surface in LIGHT_SURFACES):
        assert accent.light.colour == colour
    assert accessible_accent(accent.light.colour).light == accent.light
    assert accessible_accent(accent.dark.colour).dark == accent.dark
    assert accent.changed == (accent.light.colour != colour or accent.dark.colour != colour)


@given(colours)
def test_hovering_is_visible(colour: str) -> None:
    accent = accessible_accent(colour)
    assert accent.light.hover != accent.light.colour
    assert accent.dark.hover != accent.dark.colour


@given(colours)
def test_the_stylesheet_holds_four_properties_and_nothing_else(colour: str) -> None:
    pair = r"light-dark\(#[0-9a-f]{6},#[0-9a-f]{6}\)"
    expected = rf":root{{--accent:{pair};--accent-text:{pair};--accent-hover:{pair};--focus:{pair}}}\n"
    assert re.fullmatch(expected, theme_css(colour))


@given(st.text())
def test_only_a_colour_gets_into_the_stylesheet(text: str) -> None:
    if not re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text):
        with pytest.raises(ValueError, match="#rgb"):
            theme_css(text)


@pytest.mark.parametrize("text", ["", "red", "#12345", "#fff}body{", "#fff\n", "\uff03fff", "#\u0663\u0663\u0663"])
def test_what_only_looks_like_a_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="#rgb"):
        accessible_accent(text)


def test_short_and_upper_case_are_the_same_colour() -> None:
    assert accessible_accent("#A1b") == accessible_accent("#aa11bb")


def test_white_becomes_a_grey_on_light_pages_and_stays_white_on_dark_ones() -> None:
    accent = accessible_accent("#ffffff")
    assert accent.changed
    assert accent.dark.colour == "#ffffff"
    assert contrast(accent.light.colour, "#ffffff") == pytest.approx(3.2, abs=0.3)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#123456", "#123456") == 1


def test_the_stylesheet_carries_the_default_accent_and_the_surfaces_that_are_checked() -> None:
    css = re.sub(r"\s+", "", STYLESHEET.read_text(encoding="utf-8"))
    for declaration in theme_css(theme.DEFAULT_ACCENT).strip().removeprefix(":root{").removesuffix("}").split(";"):
        assert declaration + ";" in css
    assert f"--surface:light-dark({LIGHT_SURFACES[0]},{DARK_SURFACES[1]});" in css
    assert f"--page:light-dark({LIGHT_SURFACES[1]},{DARK_SURFACES[0]});" in css
