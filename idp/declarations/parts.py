"""What may stand in a document, as strict models: nothing is converted, and what is unknown is refused by name."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, create_model

from idp.federation import connections as upstreams
from idp.federation.options import Options
from idp.federation.providers.registry import KINDS
from idp.policy import Domains
from idp.webhooks import endpoints

MAX_ITEMS = 10_000


def _line(longest: int, *, empty: bool = False) -> Any:
    def check(text: str) -> str:
        line = " ".join(text.split())
        if not (line or empty) or len(line) > longest or not line.isprintable():
            raise ValueError(f"must be one line of {0 if empty else 1} to {longest} characters")
        return line

    return AfterValidator(check)


def _sorted_set(names: list[str]) -> list[str]:
    return sorted(set(names))


def _each_once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"must be one of {', '.join(KINDS)}")
    return kind


def _members(model: type[BaseModel]) -> dict[str, Any]:
    """Each member of a model by itself; null is its default."""
    fields = model.model_fields.items()
    return {name: (Annotated[field.annotation, *field.metadata, ""] | None, None) for name, field in fields}


Name = Annotated[str, _line(100)]
Description = Annotated[str, _line(500, empty=True)]
Names = Annotated[list[str], Field(max_length=MAX_ITEMS), AfterValidator(_sorted_set)]


class Part(BaseModel):
    """Strict: nothing is converted, nothing unknown is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ResourcePart(Part):
    """An API; `identifier` tells it apart."""

    identifier: str
    name: Name | None = None
    scope: Annotated[list[str], Field(min_length=1, max_length=200), AfterValidator(_each_once)] = []
    permissions: dict[str, Description] | None = None
    permissions_claim: bool | None = None
    client: str | None = None


class RolePart(Part):
    """A role of the tenant's own; `name` tells it apart."""

    name: str
    description: Description | None = None
    permissions: Names | None = None
    includes: Names | None = None


class GroupPart(Part):
    """A group; `name` tells it apart."""

    name: Name
    description: Description | None = None
    roles: Names | None = None


class ClientPart(BaseModel):
    """An application; `name` tells it apart.  The other members are checked with what is there already."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    name: Annotated[str, _line(100)]
    roles: Names | None = None
    connections: Names | None = None


OptionsPart: Any = create_model(
    "OptionsPart",
    __base__=Part,
    __doc__="Options of a connection.",
    **_members(Options),
)


class ConnectionPart(Part):
    """An upstream; `name` tells it apart.  `client_secret` is a reference, over HTTP the secret itself."""

    name: Annotated[str, StringConstraints(pattern=upstreams.NAME_PATTERN)]
    kind: Annotated[str, AfterValidator(_kind)] = ""
    label: Name | None = None
    enabled: bool | None = None
    client_id: Annotated[str, _line(255)] = ""
    client_secret: str | None = None
    options: OptionsPart | None = None


class WebhookPart(Part):
    """Where word of what happens is sent; `url` tells it apart, and the secret is ours to make."""

    url: str
    description: Annotated[str, _line(endpoints.MAX_DESCRIPTION, empty=True)] | None = None
    event_types: Annotated[list[str], Field(min_length=1, max_length=endpoints.MAX_FILTERS)] = []
    enabled: bool | None = None


class MailPart(Part):
    """As what its mail leaves; null is the installation's."""

    sender_name: Annotated[str, _line(100)] | None = None
    sender_address: str | None = None
    smtp_url: str | None = None


class Document(Part):
    """The whole."""

    tenant: str
    name: Name | None = None
    settings: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None
    resources: Annotated[list[ResourcePart], Field(max_length=MAX_ITEMS)] | None = None
    roles: Annotated[list[RolePart], Field(max_length=MAX_ITEMS)] | None = None
    groups: Annotated[list[GroupPart], Field(max_length=MAX_ITEMS)] | None = None
    clients: Annotated[list[ClientPart], Field(max_length=MAX_ITEMS)] | None = None
    connections: Annotated[list[ConnectionPart], Field(max_length=upstreams.MAX_CONNECTIONS)] | None = None
    webhooks: Annotated[list[WebhookPart], Field(max_length=endpoints.MAX_ENDPOINTS)] | None = None
    mail: MailPart | None = None
    domains: Domains | None = None
