"""The members of a client as a document has them (RFC 7591), and a client made whole from what is given."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from idp.declarations.errors import Path
from idp.oauth import redirect_uris
from idp.oauth.errors import ClientMetadataInvalid
from idp.oauth.metadata import ClientMetadata

MEMBERS = tuple(
    name for name in ClientMetadata.model_fields if name not in {"client_name", "id_token_signed_response_alg"}
)
"""What is compared, beside `RELATED`."""
RELATED = frozenset({"roles", "connections"})
"""Things that a client is put together with, once all are there."""
_OF_THE_STANDARD = {"application_type", "contacts", "logo_uri", "software_id", "software_version", "subject_type"}
ACCEPTED = frozenset({*MEMBERS, *_OF_THE_STANDARD, "id_token_signed_response_alg", "response_types"})
"""What may stand in a document; what is not compared means nothing here, as at registration."""
FIXED = ("type", "token_endpoint_auth_method", "grant_types")
"""What a client is; to be something else it is made anew, with an id and a secret of its own."""
_URIS = ("redirect_uris", "post_logout_redirect_uris")


class NotAClient(Exception):
    """A client cannot be so.

    Attributes:
        path: below the client.
        sentence: why.
    """

    def __init__(self, path: Path, sentence: str) -> None:
        super().__init__(sentence)
        self.path, self.sentence = path, sentence


def metadata_of(name: str, members: Mapping[str, Any], *, loopback_http: bool) -> ClientMetadata:
    """A client of that name with these members; what is None or absent follows from the rest.

    Raises:
        NotAClient: naming the member.
    """
    given = {member: value for member, value in members.items() if value is not None and member not in RELATED}
    try:
        metadata = ClientMetadata.model_validate({"client_name": name, **given})
    except ValidationError as refused:
        raise _explained(refused.errors()[0]) from None
    for member in _URIS:
        for place, uri in enumerate(getattr(metadata, member)):
            native = metadata.type == "native"
            if (why := redirect_uris.problem(uri, native=native, loopback_http=loopback_http)) is not None:
                raise NotAClient((member, place), f"{uri} {why}.")
    try:
        return ClientMetadata.read({"client_name": name, **given}, loopback_http=loopback_http)
    except ClientMetadataInvalid as refused:
        inner: Path = () if refused.field is None else (refused.field,)
        raise NotAClient(inner, refused.detail.removeprefix(f"{refused.field}: ")) from None


def members_of(metadata: ClientMetadata) -> dict[str, Any]:
    """A client's members, all of them."""
    members = metadata.model_dump(mode="json", include={*MEMBERS})
    return members | {"scope": " ".join(metadata.scope_list)}


def minimal(name: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a client's members that do not follow from the others."""
    kept = {member: members[member] for member in MEMBERS}
    for member in [*MEMBERS][1:]:
        fewer = {other: value for other, value in kept.items() if other != member}
        try:
            same = members_of(ClientMetadata.model_validate({"client_name": name, **fewer}))
        except ValidationError:
            continue
        if same == {other: members[other] for other in MEMBERS}:
            kept = fewer
    return kept


def _explained(error: Any) -> NotAClient:
    said = error["msg"].removeprefix("Value error, ")
    path: Path = tuple(error["loc"])
    member, colon, rest = said.partition(": ")
    if not path and colon and member in ACCEPTED:
        path, said = (member,), rest
    return NotAClient(path, f"{said[:1].upper()}{said[1:].rstrip('.')}.")
