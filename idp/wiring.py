"""Where the parts meet: settings → engines, every model imported once, and who listens to which event."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Self

from sqlalchemy import Engine, MetaData

from idp import metrics
from idp.accounts import invitations, notices, verification
from idp.accounts import models as accounts_models
from idp.actor import SYSTEM, Actor
from idp.alerts import causes as alerts
from idp.alerts import models as alerts_models
from idp.api import models as api_models
from idp.authn import breached, login, sessions
from idp.authn import models as authn_models
from idp.config import Settings
from idp.crypto.sealing import MasterKeys
from idp.db import measured
from idp.db.base import Base
from idp.db.engine import make_engine
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.events import models as events_models
from idp.events import service as events
from idp.events.types import EventType
from idp.federation import gate, identities, mapping
from idp.federation import models as federation_models
from idp.federation import notices as federation_notices
from idp.federation.providers import transport
from idp.http.limiter import Limiter
from idp.keys import models as keys_models
from idp.keys import service as keys
from idp.mail import messages
from idp.mail import models as mail_models
from idp.oauth import console, grants
from idp.oauth import models as oauth_models
from idp.outbound import Outbound
from idp.rbac import app_permissions, owners
from idp.rbac import models as rbac_models
from idp.rbac import service as rbac
from idp.tenants import models as tenants_models
from idp.tenants.models import Tenant
from idp.users import models as users_models
from idp.webhooks import models as webhooks_models
from idp.webhooks import urls as webhook_urls

MODELS = (
    accounts_models,
    alerts_models,
    api_models,
    authn_models,
    events_models,
    federation_models,
    keys_models,
    mail_models,
    oauth_models,
    rbac_models,
    tenants_models,
    users_models,
    webhooks_models,
)
metadata: MetaData = Base.metadata

_OUT: tuple[events.Subscriber, ...] = (login.end_of_user, sessions.end_of_user, grants.revoke_of_user)
_ANOTHER_PASSWORD = (*_OUT, verification.forget_change, notices.password_changed)
SUBSCRIBERS: dict[EventType, tuple[events.Subscriber, ...]] = {
    EventType.TENANT_CREATED: (keys.establish, rbac.create_builtin_roles, console.establish),
    EventType.TENANT_UPDATED: (alerts.alerting_changed,),
    EventType.USER_CREATED: (messages.welcome,),
    EventType.USER_DISABLED: (owners.keep_one, *_OUT),
    EventType.USER_ENABLED: _OUT,  # a sign-in that crossed the disabling
    EventType.USER_DELETION_REQUESTED: (owners.keep_one, *_OUT, notices.deletion_requested),
    EventType.USER_DISOWNED: (identities.remove_of_disowned, *_OUT, verification.forget_change),  # waits for sign-ins
    EventType.PASSWORD_SET: _ANOTHER_PASSWORD,
    EventType.PASSWORD_CHANGED: _ANOTHER_PASSWORD,
    EventType.PASSWORD_RESET: _ANOTHER_PASSWORD,
    EventType.IDENTITY_LINKED: (federation_notices.identity_linked,),
    EventType.IDENTITY_UNLINKED: (*_OUT, federation_notices.identity_unlinked),
    EventType.EMAIL_CHANGE_REQUESTED: (notices.email_change_requested,),
    EventType.EMAIL_CHANGED: (*_OUT, notices.email_changed),
    EventType.LOGIN_FAILED: (alerts.password_guessed,),
    EventType.LOGIN_BLOCKED: (notices.login_blocked,),
    EventType.DEVICE_ADDED: (notices.device_added,),
    EventType.ROLE_UPDATED: (invitations.follow_role, mapping.follow_role, alerts.role_changed),
    EventType.ROLE_DELETED: (invitations.follow_role, mapping.follow_role),
    EventType.ROLE_ASSIGNED: (alerts.role_assigned,),
    EventType.ROLE_UNASSIGNED: (owners.keep_one,),
    EventType.GROUP_MEMBER_ADDED: (alerts.group_joined,),
    EventType.OPERATOR_ACCESS_BEGUN: (alerts.operator_let_in,),
    EventType.RESOURCE_DELETED: (app_permissions.remove_all,),
    EventType.SESSION_ENDED: (grants.revoke_of_session,),
    EventType.CLIENT_DISABLED: (grants.revoke_of_client,),
    EventType.CLIENT_ENABLED: (grants.revoke_of_client,),  # an authorization that crossed the disabling
    EventType.CONSENT_WITHDRAWN: (grants.revoke_of_consent,),
    EventType.GRANT_REVOKED: (alerts.refresh_token_reused,),
    EventType.KEY_REVOKED: (alerts.key_revoked,),
    EventType.WEBHOOK_DISABLED: (alerts.webhook_disabled,),
}


@dataclass(frozen=True, slots=True)
class Wiring:
    """The long-lived parts of a process.

    Attributes:
        settings: as read at the start.
        app: engine of the app role, which serves.
        platform: engine of the platform role: tenant life cycle, outbox, purge.
        master_keys: wrap and open the tenants' data keys.
        limiter: counts against the rate limits.
    """

    settings: Settings
    app: Engine
    platform: Engine
    master_keys: MasterKeys
    limiter: Limiter

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Make the parts; nothing connects before it is used."""
        events.connect(SUBSCRIBERS)
        breached.connect(settings.breached_passwords_url, Outbound(settings.outbound_allow))
        transport.connect(Outbound(settings.outbound_allow))
        webhook_urls.configure(settings.outbound_allow)
        gate.configure(web_threads=settings.web_threads)
        prepared = settings.database_prepared_statements
        app_url, platform_url = settings.database_url, settings.platform_database_url
        return cls(
            settings,
            make_engine(app_url.get_secret_value(), pool_size=settings.web_threads, has_prepared_statements=prepared),
            make_engine(
                platform_url.get_secret_value(), pool_size=2, role="platform", has_prepared_statements=prepared
            ),
            MasterKeys(settings.key_encryption_keys),
            Limiter.of(settings),
        )

    def begin(self) -> None:
        """Show what this process has, and nought for what it has not counted yet.  Once, after the fork."""
        metrics.BUILD.labels(version("idp")).set(1)
        metrics.start_at_nought()
        for engine in (self.app, self.platform):
            measured.show_bounds(engine)

    def platform_unit(self, actor: Actor = SYSTEM) -> PlatformUnit:
        """A cross-tenant unit."""
        return PlatformUnit(self.platform, actor, self.master_keys)

    def tenant_unit(self, tenant: Tenant, actor: Actor = SYSTEM) -> UnitOfWork:
        """A unit of one tenant."""
        return UnitOfWork(self.app, tenant, actor, self.master_keys)

    def dispose(self) -> None:
        """Close every connection."""
        self.app.dispose()
        self.platform.dispose()
        self.limiter.close()
