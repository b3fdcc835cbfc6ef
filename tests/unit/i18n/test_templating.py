"""Sentences in templates: values are escaped where the template is, in every language and both ways to write them."""

from collections.abc import Iterator

import pytest
from jinja2 import Environment

from idp import i18n, templating

HOSTILE = '<script>"{tenant}%(x)s'


@pytest.fixture(autouse=True, params=i18n.SUPPORTED)
def spoken(request: pytest.FixtureRequest) -> Iterator[str]:
    with i18n.use(request.param):
        yield request.param


def render(source: str, *, autoescape: bool = True, **values: object) -> str:
    environment = Environment(autoescape=autoescape)  # noqa: S701 - mails are plain text as well
    templating.install(environment)
    return environment.from_string(source).render(**values)


@pytest.mark.parametrize(
    "source",
    [
        '{{ _("Sign in to {tenant}", tenant=name) }}',
        "{% trans client=name %}Return to <bdi>{{ client }}</bdi>{% endtrans %}",
        "{% trans n=2, client=name %}{{ client }}{% pluralize %}{{ client }} has {{ n }}{% endtrans %}",
    ],
)
def test_a_value_is_escaped(source: str) -> None:
    page = render(source, name=HOSTILE)
    assert "<script>" not in page
    assert "&lt;script&gt;&#34;{tenant}%(x)s" in page


def test_markup_of_a_sentence_stays_and_a_plain_one_has_none() -> None:
    assert "<bdi>Notes</bdi>" in render(
        "{% trans client=name %}Return to <bdi>{{ client }}</bdi>{% endtrans %}", name="Notes"
    )
    assert render('{{ _("<b>") }}') == "&lt;b&gt;"


def test_a_mail_in_plain_text_is_not_escaped() -> None:
    source = '{{ _("Sign in to {tenant}", tenant=name) }} {% trans who=name %}\n  100% {{ who }}\n{% endtrans %}'
    assert render(source, autoescape=False, name="A&B").endswith("A&B")
    assert "100% A&B" in render(source, autoescape=False, name="A&B")


def test_a_template_knows_its_language(spoken: str) -> None:
    assert render("{{ language().code }} {{ language().dir }}") == f"{spoken} {'rtl' if spoken == 'ar' else 'ltr'}"
