"""Two administrators at connections at once: neither undoes what the other did, and no client is opened to them all."""

from concurrent.futures import ThreadPoolExecutor

from idp.federation import connections, offers
from idp.federation.errors import ConnectionInUse
from idp.federation.options import Options
from idp.rbac import roles
from idp.rbac import service as rbac
from tests.factories import People
from tests.federation.comers import connect
from tests.review.test_squatters import wait_until_blocked_or_done


def test_the_last_two_of_a_client_are_not_deleted_at_once(people: People) -> None:
    """Each saw the other one left, and the client might then use every connection of the tenant."""
    client, _ = people.client()
    with people.unit() as uow:
        for name in ("first", "second", "third"):
            connect(uow, name=name)
        offers.allow(uow, uow.get(type(client), client.id), ["first", "second"])

    def remove_second() -> str:
        try:
            with people.unit() as uow:
                connections.remove(uow, connections.hold(uow, "second"))
        except ConnectionInUse as refused:
            return refused.code
        return "removed"

    with ThreadPoolExecutor(1) as pool:
        with people.unit() as uow:
            connections.remove(uow, connections.hold(uow, "first"))
            other = pool.submit(remove_second)
            wait_until_blocked_or_done(uow, other)
        assert other.result(30) == "connection-in-use"
    with people.unit() as uow:
        assert offers.allowed_for(uow, client.id) == ["second"]


def test_a_role_that_is_renamed_meanwhile_undoes_no_change_of_a_connection(people: People) -> None:
    """It wrote down the options as they were before: those who were shut out were let in again."""
    with people.unit() as uow:
        roles.create_role(uow, name="helpers")
        connect(uow, roles={"acme": "helpers"})

    def rename() -> None:
        with people.unit() as uow:
            roles.update_role(uow, rbac.get_role(uow, "helpers"), name="aides")

    with ThreadPoolExecutor(1) as pool:
        with people.unit() as uow:
            row = connections.hold(uow, "github")
            connections.update_connection(uow, row, options={"organizations": ["acme"]})
            uow.flush()
            other = pool.submit(rename)
            wait_until_blocked_or_done(uow, other)
        other.result(30)
    assert options(people).organizations == ["acme"]
    assert options(people).roles == {"acme": "aides"}


def test_a_mapping_and_the_name_of_its_role_change_at_once(people: People) -> None:
    """One had the connection and waited for the roles, the other had the roles and waited for the connection."""
    with people.unit() as uow:
        roles.create_role(uow, name="helpers")
        connect(uow, roles={"acme": "helpers"})

    def rename() -> None:
        with people.unit() as uow:
            roles.update_role(uow, rbac.get_role(uow, "helpers"), name="aides")

    with ThreadPoolExecutor(1) as pool:
        with people.unit() as uow:
            row = connections.hold(uow, "github")
            other = pool.submit(rename)
            wait_until_blocked_or_done(uow, other)
            connections.update_connection(uow, row, options={"roles": {"acme": "helpers", "acme/core": "helpers"}})
        other.result(30)
    assert options(people).roles == {"acme": "aides", "acme/core": "aides"}


def options(people: People) -> Options:
    with people.unit() as uow:
        return connections.get(uow, "github").options
