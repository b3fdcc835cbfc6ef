"""One function a mail: render, then enqueue.  Text and HTML say the same; the sender is the tenant (R33, R35)."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from idp.db.unit import UnitOfWork
from idp.events import outbox
from idp.events.models import Event
from idp.users import service as users

KIND = "mail"

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def welcome(uow: UnitOfWork, created: Event) -> None:
    """Tell a new person that they have an account, and where to sign in; reacts to ``user.created``."""
    if created.target_id is None:
        return
    uow.flush()
    email = users.primary_email(uow, created.target_id)
    _enqueue(
        uow,
        to=email.address,
        subject=f"Your {uow.tenant.name} account",
        template="welcome",
        address=email.address,
        url=f"{uow.tenant.issuer}/login",
    )


def _enqueue(uow: UnitOfWork, *, to: str, subject: str, template: str, **values: Any) -> None:
    values["tenant_name"] = uow.tenant.name
    outbox.enqueue(
        uow,
        KIND,
        to=to,
        sender_name=uow.tenant.name,
        subject=" ".join(subject.split()),
        text=_templates.get_template(f"{template}.txt").render(values),
        html=_templates.get_template(f"{template}.html").render(values),
    )
