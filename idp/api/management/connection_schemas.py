"""What a connection looks like in the management API, and how its options are changed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, get_args

from marshmallow import fields, validate

from idp.api.fields import flag, moment, require_plain, shown, text
from idp.api.schemas import Body
from idp.db.unit import UnitOfWork
from idp.federation import connections, secrets
from idp.federation.errors import ConnectionInvalid
from idp.federation.models import Connection
from idp.federation.options import Creation, Icon, Options, ProfileUpdates
from idp.federation.providers.registry import COMMON, KINDS

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
_HERE = "https://id.example/t/acme/connections/github"
NEW = {
    "name": "github",
    "kind": "github",
    "client_id": "Iv1.8a61f9b3a7aba766",
    "client_secret": "a-secret-of-the-upstream",
    "options": {"organizations": ["acme"], "roles": {"acme/core": "member"}, "creation": "on"},
}
CONNECTION: dict[str, Any] = {
    "id": "01981a4e-d310-7b11-8c4d-2e0f9a8b7c60",
    "name": "github",
    "kind": "github",
    "label": "GitHub",
    "enabled": True,
    "position": 0,
    "client_id": NEW["client_id"],
    "has_client_secret": True,
    "client_secret_changed_at": _MOMENT,
    "previous_secret_until": None,
    "callback_url": f"{_HERE}/callback",
    "login_url": f"{_HERE}/login",
    "issuer": "https://github.com",
    "options": {
        "base_url": None,
        "organizations": ["acme"],
        "teams": [],
        "scope": [],
        "roles": {"acme/core": "member"},
        "creation": "on",
        "creation_domains": [],
        "profile_updates": "first",
        "trusts_email": False,
        "domains": [],
        "icon": None,
        "keeps_tokens": False,
    },
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
}


def web_address(description: str) -> fields.String:
    """A URL of an answer."""
    return fields.String(required=True, metadata={"description": description, "format": "uri"})


def _options(*, asked: bool) -> dict[str, fields.Field[Any]]:
    """The members of `Options`; asked for, null is the default of each."""

    def common(name: str) -> dict[str, Any]:
        nullable = asked or getattr(Options(), name) is None
        return {"allow_none": nullable, "required": not asked and name in COMMON}

    def url(description: str) -> fields.String:
        metadata: dict[str, Any] = {"format": "uri"} if asked else {}
        return text(description, longest=1000, nullable=True, **metadata)

    def names(name: str, description: str, most: int = 100) -> fields.List[Any]:
        item = fields.String(validate=[validate.Length(1, 255), require_plain])
        metadata = {"description": description}
        return fields.List(item, validate=validate.Length(max=most), metadata=metadata, **common(name))

    def pairs(name: str, description: str, most: int) -> fields.Dict:
        plain: list[Any] = [validate.Length(1, 255), require_plain]
        value = fields.String(allow_none=asked, validate=plain)
        told = f"{description} null takes one away." if asked else description
        metadata = {"description": told, "maxProperties": most}
        return fields.Dict(fields.String(validate=plain), value, metadata=metadata, **common(name))

    def choice(name: str, choices: Any, description: str) -> fields.String:
        one_of = validate.OneOf(get_args(choices))
        return fields.String(validate=one_of, metadata={"description": description}, **common(name))

    def yes(name: str, description: str) -> fields.Boolean:
        field = flag(description, required=not asked and name in COMMON)
        field.allow_none = asked
        return field

    return {
        "issuer": url("Of the upstream, exactly as in its discovery document."),
        "base_url": url("Of an upstream that one runs oneself: GitHub Enterprise Server, GitLab."),
        "directory": text("Microsoft: id of the directory whose people may come.", longest=100, nullable=True),
        "hosted_domains": names("hosted_domains", "Google: Workspace domains whose people may come; empty: everybody."),
        "organizations": names("organizations", "GitHub: people of these, or of `teams`, may come; empty: everybody."),
        "teams": names("teams", "GitHub: as `organization/team`."),
        "scope": names("scope", "Asked for beside what the kind needs.", 50),
        "claims": pairs("claims", "Our name of a profile attribute → their claim.", 20),
        "groups_claim": text("The claim that lists the groups of a person.", longest=255, nullable=True),
        "roles": pairs(
            "roles", "Group at the upstream → role here. GitHub: `organization` or `organization/team`.", 100
        ),
        "creation": choice("creation", Creation, "Whether newcomers get an account: `domains` are `creation_domains`."),
        "creation_domains": names("creation_domains", "Email domains of newcomers who get an account."),
        "profile_updates": choice("profile_updates", ProfileUpdates, "When the profile is taken over."),
        "trusts_email": yes(
            "trusts_email",
            "Whether a verified address there may sign in to the account that has it here. Owners only.",
        ),
        "domains": names("domains", "Whoever types an address of these is sent there; only verified domains count."),
        "icon": choice("icon", Icon, "On the button; the kind's own by default."),
        "keeps_tokens": yes(
            "keeps_tokens", "Whether the upstream's tokens are kept, sealed, for the tenant's own use."
        ),
    }


ConnectionOptions = Body.from_dict(_options(asked=True), name="ConnectionOptions")
ConnectionOptionsOut = Body.from_dict(_options(asked=False), name="ConnectionOptionsShown")


class ChangeConnection(Body):
    """Changes of a connection; members that are left out stay."""

    label = text("What the button says; null is the kind's own name.", longest=100, nullable=True)
    enabled = flag("Whether anybody can sign in by it.")
    position = fields.Integer(
        strict=True, validate=validate.Range(0, 9999), metadata={"description": "Lower ones come first."}
    )
    client_id = text("As what you are known there.", longest=255)
    client_secret = text(
        "Written, and never shown. The one before stays good for a day.", longest=2000, format="password"
    )
    options = fields.Nested(
        ConnectionOptions, metadata={"description": "Merged member by member; null is the default again."}
    )


class CreateConnection(Body):
    """An upstream to trust."""

    name = text(
        "Unique in the tenant, part of the callback URL, and never changed.",
        longest=50,
        required=True,
        pattern=connections.NAME_PATTERN,
    )
    kind = fields.String(
        required=True, validate=validate.OneOf(list(KINDS)), metadata={"description": "See `connection-kinds`."}
    )
    client_id = text("As what you are known there.", longest=255, required=True)
    client_secret = text("Written, and never shown.", longest=2000, format="password")
    label = text("What the button says; the kind's own name when left out.", longest=100, nullable=True)
    enabled = flag("Whether anybody can sign in by it; true when left out.")
    options = fields.Nested(ConnectionOptions, metadata={"description": "Those that the kind has."})


class ConnectionOut(Body):
    """A connection, but for its secret, which nobody gets to see."""

    id = shown("Names it in events.")
    name = shown("For `connections/{name}`.")
    kind = shown("Of upstream.")
    label = shown("What the button says.")
    enabled = fields.Boolean(required=True, metadata={"description": "Whether anybody can sign in by it."})
    position = fields.Integer(required=True, strict=True, metadata={"description": "Lower ones come first."})
    client_id = shown("As what you are known there.")
    has_client_secret = fields.Boolean(required=True, metadata={"description": "Whether there is one."})
    client_secret_changed_at = moment("Since when it is this one.", allow_none=True)
    previous_secret_until = moment("Until when the one before is tried too.", allow_none=True)
    callback_url = web_address("What has to be registered at the upstream, to the letter.")
    login_url = web_address("Where a link of yours can send people.")
    issuer = shown("What names the upstream in identities.")
    options = fields.Nested(
        ConnectionOptionsOut, required=True, metadata={"description": "All that its kind has, as they hold."}
    )
    created_at = moment("When it was made.")
    updated_at = moment("When it changed last.")


def describe(uow: UnitOfWork, row: Connection) -> dict[str, Any]:
    """A connection as the API shows it."""
    useful = KINDS[row.kind].members | COMMON
    until = secrets.previous_until(uow, row)
    return {
        "id": str(row.id),
        "name": row.name,
        "kind": row.kind,
        "label": row.label,
        "enabled": row.disabled_at is None,
        "position": row.position,
        "client_id": row.client_id,
        "has_client_secret": row.client_secret_sealed is not None,
        "client_secret_changed_at": row.secret_changed_at and row.secret_changed_at.isoformat(),
        "previous_secret_until": until and until.isoformat(),
        "callback_url": connections.callback_url(uow, row.name),
        "login_url": connections.login_url(uow, row.name),
        "issuer": connections.issuer_of(row),
        "options": {name: value for name, value in row.options.model_dump(mode="json").items() if name in useful},
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def merged(before: Options, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The members that a body changes; maps are merged pair by pair, as RFC 7396 wants it."""
    return {
        name: _without_nulls({**getattr(before, name, {}), **value}) if isinstance(value, Mapping) else value
        for name, value in sent.items()
    }


@contextmanager
def pointing() -> Iterator[None]:
    """What is wrong with a member of the options is said where it stands in the body."""
    try:
        yield
    except ConnectionInvalid as refused:
        place = (refused.field or "").split(".")[:2]
        raise ConnectionInvalid(refused.detail, field="/".join(place) or None) from None


def _without_nulls(pairs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in pairs.items() if value is not None}
