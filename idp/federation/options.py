"""What a tenant decides about one of its connections: a typed document, stored with it."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from idp.policy import Domains

Creation = Literal["off", "domains", "on"]
ProfileUpdates = Literal["first", "every"]
_ORIGIN_PORTS = {"https": 443, "http": 80}


def _base_url(value: str) -> str:
    """An address to which paths are added: http only as far as the outbound client lets it through (R52)."""
    parts = urlsplit(value)
    if parts.scheme not in _ORIGIN_PORTS or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be an https URL such as https://login.acme.example, with no query, fragment or user")
    if re.search(r"[^\x21-\x7e]", value):
        raise ValueError("must be in ASCII, without spaces")
    return value


Url = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_base_url)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Scope = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,255}$")]
Claim = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/-]{1,255}$")]


Icon = Literal["code", "building", "cloud", "globe", "key", "people"]


class Options(BaseModel):
    """Members that the kind has no use for are refused when the connection is made or changed.

    Attributes:
        issuer: of an `oidc` connection, exactly as in its discovery document; of `microsoft`, the directory's.
        base_url: of GitHub Enterprise Server or of a GitLab of one's own.
        directory: `microsoft`: id of the directory (tenant) whose people may come.
        hosted_domains: `google`: Workspace domains whose people may come; empty means everybody.
        organizations: `github`: people of these may come, or of `teams`; both empty means everybody.
        teams: `github`: as ``organization/team``.
        scope: asked for beside what the kind needs.
        claims: `oidc`: our name of a profile attribute → theirs.
        groups_claim: `oidc` kinds: the claim that lists the groups of a person.
        roles: group at the upstream → role here; for ``github`` an ``organization`` or an ``organization/team``.
        creation: whether people whom we do not know get an account: off, those of `creation_domains`, on.
        profile_updates: whether the profile follows the upstream at every sign-in, or is taken over once.
        trusts_email: whether a verified address may link to the account that has it, and open an invitation (R22).
        domains: whoever types an address of these on the sign-in page is sent here; only verified ones count.
        icon: on its button; the kind's own by default.
        keeps_tokens: whether the upstream's tokens are kept, sealed, for the tenant's own use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Url | None = None
    base_url: Url | None = None
    directory: Slug | None = None
    hosted_domains: Domains = []
    organizations: Annotated[list[Slug], Field(max_length=100)] = []
    teams: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[^/\s]{1,100}/[^/\s]{1,100}$")]], Field(max_length=100)
    ] = []
    scope: Annotated[list[Scope], Field(max_length=50)] = []
    claims: Annotated[dict[Claim, Claim], Field(max_length=20)] = {}
    groups_claim: Claim | None = None
    roles: Annotated[dict[Text, Text], Field(max_length=100)] = {}
    creation: Creation = "off"
    creation_domains: Domains = []
    profile_updates: ProfileUpdates = "first"
    trusts_email: bool = False
    domains: Domains = []
    icon: Icon | None = None
    keeps_tokens: bool = False

    @model_validator(mode="after")
    def _domains_are_named(self) -> Self:
        if self.creation == "domains" and not self.creation_domains:
            raise ValueError("creation_domains must name at least one domain when creation is domains")
        return self

    def changed(self, changes: dict[str, Any]) -> Self:
        """The same with other members; None takes one back to its default.

        Raises:
            ValidationError: a member is unknown or malformed.
        """
        members = {**self.model_dump(), **changes}
        return self.model_validate({name: value for name, value in members.items() if value is not None})
