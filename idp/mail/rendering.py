"""How a mail looks: one column, inline styles, the tenant's name or logo above; text and HTML of the same content."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from idp import templating
from idp.colour import accessible_accent
from idp.db.unit import TenantRow
from idp.mail.content import Content, named, said
from idp.tenants.models import Branding, Tenant


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail as it will be read."""

    subject: str
    text: str
    html: str


def render(tenant: TenantRow, name: str | None, content: Content) -> Rendered:
    """Write `content` in the current language.

    Args:
        tenant: the sender.
        name: of the reader, to greet them by.
        content: what to say.
    """
    branding = tenant.branding if isinstance(tenant, Tenant) else Branding()
    logo = f"{tenant.issuer}/branding/logo?v={branding.logo_etag}" if branding.logo_etag else None
    values = {
        "tenant": said(tenant.name),
        "logo": logo,
        "accent": accessible_accent(branding.accent),
        "name": None if content.to_a_stranger else named(name),
        "content": content,
        "facts": content.circumstances.facts() if content.circumstances else (),
    }
    return Rendered(
        subject=content.subject,
        text=_environment.get_template("mail.txt").render(values),
        html=_environment.get_template("mail.html").render(values),
    )


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templating.install(_environment)
