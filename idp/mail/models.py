"""Rows: how a tenant's own mail leaves."""

from sqlalchemy.orm import Mapped

from idp.db.base import Base, TenantScoped, Timestamped


class MailSettings(TenantScoped, Timestamped, Base):
    """A tenant's own sender and SMTP server; without a row, or without a member, the installation's."""

    __tablename__ = "mail_settings"

    sender_name: Mapped[str | None]
    sender_address: Mapped[str | None]
    smtp_url_sealed: Mapped[bytes | None]
