"""What every Jinja environment of ours speaks: `_`, `ngettext`, `{% trans %}`, dates, in the current language.

    {{ _("Sign in to {tenant}", tenant=name) }}                              text; escaped like any other value
    {% trans client=name %}<strong>{{ client }}</strong> asks{% endtrans %}  may hold markup; its values are escaped

    <html lang="{{ language().code }}" dir="{{ language().dir }}">    and `{{ moment|datetime }}`, `{{ day|date }}`

The sentences are message ids with `{name}` placeholders, like the ones in Python.
"""

from jinja2 import Environment, nodes, pass_eval_context
from jinja2.ext import InternationalizationExtension
from jinja2.nodes import EvalContext
from markupsafe import Markup

from idp import i18n

TRANS, TRANS_PLURAL = "_trans_text", "_trans_plural"


def install(environment: Environment) -> None:
    """Give an environment its translations.  Before its first template, because they are a tag as well."""
    environment.policies["ext.i18n.trimmed"] = True
    environment.add_extension(_Trans)
    environment.globals.update(
        {
            "_": i18n.gettext,
            "ngettext": i18n.ngettext,
            "pgettext": i18n.pgettext,
            "language": i18n.current,
            TRANS: _trans,
            TRANS_PLURAL: _trans_plural,
        }
    )
    environment.filters.update({"date": i18n.format_date, "datetime": i18n.format_datetime})


class _Trans(InternationalizationExtension):
    """Jinja's own tag, with our placeholders and functions."""

    def _make_node(
        self,
        singular: str,
        plural: str | None,
        context: str | None,
        variables: dict[str, nodes.Expr],
        plural_expr: nodes.Expr | None,
        vars_referenced: bool,
        num_called_num: bool,
    ) -> nodes.Output:
        messages = [_ours(message, variables) for message in (singular, plural) if message is not None]
        arguments: list[nodes.Expr] = [nodes.Const(message) for message in messages]
        if plural_expr is not None:
            arguments.append(plural_expr)
        values = [nodes.Keyword(name, value) for name, value in variables.items()]
        function = nodes.Name(TRANS if plural_expr is None else TRANS_PLURAL, "load")
        return nodes.Output([nodes.Call(function, arguments, values, None, None)])


def _ours(message: str, variables: dict[str, nodes.Expr]) -> str:
    for name in variables:
        message = message.replace(f"%({name})s", f"{{{name}}}")
    return message.replace("%%", "%")


@pass_eval_context
def _trans(context: EvalContext, message: str, /, **values: object) -> str:
    return _filled(context, i18n.gettext(message), values)


@pass_eval_context
def _trans_plural(context: EvalContext, singular: str, plural: str, n: int, /, **values: object) -> str:
    return _filled(context, i18n.unfilled(singular, plural, n), {"n": n, **values})


def _filled(context: EvalContext, sentence: str, values: dict[str, object]) -> str:
    text = Markup(sentence) if context.autoescape else sentence  # noqa: S704 - ours; it is the values that are escaped
    return text.format(**values)
