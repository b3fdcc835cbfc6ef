"""An upstream that was pointed elsewhere while somebody was away: the word of the one before is worth nothing now."""

from dataclasses import replace

import pytest

from idp.federation import connections, linking
from idp.federation.errors import Reason, SignInRefused
from idp.users.models import User
from tests.factories import People
from tests.federation.comers import connect, count, profile


def test_what_another_server_said_is_not_trusted_as_this_one_is(people: People) -> None:
    """R22: it may wait for a yes to the terms for half an hour, and the owner trust the new server meanwhile."""
    with people.unit() as uow:
        connect(uow, name="sso", kind="oidc", creation="on", issuer="https://before.example")
    said = replace(profile("1"), issuer="https://before.example")
    with people.unit() as uow:
        connections.update_connection(
            uow,
            connections.hold(uow, "sso"),
            client_secret="of the new one",
            options={"issuer": "https://now.example", "trusts_email": True},
        )
    with people.unit() as uow:
        before = count(uow, User)
        with pytest.raises(SignInRefused) as refused:
            linking.sign_in(uow, connections.get(uow, "sso"), said)
        assert refused.value.reason is Reason.WRONG_ISSUER
        ada = people.user()
        with pytest.raises(SignInRefused) as refused:
            linking.link(uow, connections.get(uow, "sso"), uow.get(User, ada.id), said)
        assert refused.value.reason is Reason.WRONG_ISSUER
        assert count(uow, User) == before + 1
