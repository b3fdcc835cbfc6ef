"""``{issuer}/connections/{name}/login`` and ``/callback``: to an upstream and back (R21).

Nothing of ours waits while somebody else's server is asked: the transaction ends before, and another begins after.
"""

from flask import Response, request
from werkzeug.exceptions import NotFound

from idp.authn import login, sessions
from idp.authn.assurance import Method
from idp.authn.models import LoginTransaction, Session
from idp.db.unit import UnitOfWork
from idp.federation import connections, gate, linking, offers, testing, transactions, upstreams
from idp.federation.errors import Reason, RoundTripExpired, SignInRefused, UpstreamBusy
from idp.federation.linking import TermsNeeded
from idp.federation.models import Connection, FederationTransaction
from idp.federation.providers.base import Hints, Trip, UpstreamProfile
from idp.http import cookies, limits, metrics
from idp.http.context import current_tenant, current_unit
from idp.i18n import gettext as _
from idp.oauth import parameters
from idp.oauth.authorize.response import see_other
from idp.oauth.parameters import ParameterProblem
from idp.users.models import User
from idp.web.hosted import connection_failures, connection_tests, connection_ways, flash, flows
from idp.web.hosted.pages import blueprint


@blueprint.get("/connections/<name>/login")
def leave(name: str) -> Response:
    """To the upstream: in a login that was begun, in a new one, or to try the connection out."""
    limits.spend(limits.VISIT)
    uow = current_unit()
    if testing.PARAMETER in request.args:
        return _leave_for_test(uow, name)
    if flows.is_missing():
        transaction = login.begin(uow, cookies.ensure_browser_secret())
        uow.flush()
    else:
        transaction = flows.current(uow)
    connection = offers.find(uow, name, flows.client_id(uow, transaction))
    if connection is None:
        return flows.onward("login", transaction)
    return _depart(uow, connection, transaction)


@blueprint.get("/connections/<name>/callback")
def come_back(name: str) -> Response:
    """From the upstream: who it is, and the next step of what they went for."""
    limits.spend(limits.VISIT)
    uow = current_unit()
    connection = connections.find(uow, name)
    if connection is None:
        raise NotFound
    try:
        sent = parameters.read(request.query_string)
        answer = {key: sent.get(key) or "" for key in request.args}
    except ParameterProblem as problem:
        raise RoundTripExpired(problem.detail) from None
    try:
        with gate.pass_through():
            return connection_ways.apart(_receive(uow, connection, answer))
    except UpstreamBusy as busy:
        return connection_failures.show_busy(connection, retry_after=busy.retry_after)


def leave_to_link(uow: UnitOfWork, connection: Connection, user: User) -> Response:
    """To the upstream, to link the account there to the one that is signed in here; they said so just now."""
    trip = transactions.begin(uow, connection, cookies.ensure_browser_secret(), user_id=user.id)
    return _go(uow, connection, trip, Hints(), way_on=connection_ways.back_to_account())


def show_way_home(connection: Connection, transaction: LoginTransaction) -> Response:
    """A form led here: a page on the way, as browsers hold a form's whole chain of redirects against our policy."""
    url = f"{current_tenant().issuer}/connections/{connection.name}/login?flow={transaction.id}"
    return connection_ways.onward_page(connection, url)


def _leave_for_test(uow: UnitOfWork, name: str) -> Response:
    """The URL works once, and is not used up by whoever finds no place; what goes wrong here is a result too."""
    connection, browser = connections.find(uow, name), cookies.ensure_browser_secret()
    if connection is None:
        raise _no_test()
    try:
        with gate.pass_through():
            trip = testing.depart(uow, connection, request.args.get(testing.PARAMETER, ""), browser)
            if trip is None:
                raise _no_test()
            return _try_out(uow, connection, trip, browser)
    except UpstreamBusy as busy:
        return connection_failures.show_busy(connection, retry_after=busy.retry_after)


def _try_out(uow: UnitOfWork, connection: Connection, trip: Trip, browser: str) -> Response:
    try:
        return see_other(_way(uow, connection, trip, Hints()))
    except SignInRefused as refused:
        away = transactions.claim(uow, connection, trip.state, browser)
        if away is None:  # the connection was deleted meanwhile
            raise _no_test() from None
        return connection_tests.show(uow, connection, away, refused)


def _no_test() -> RoundTripExpired:
    return RoundTripExpired(_("This test was started before, or has expired. Ask for another one."))


def _depart(uow: UnitOfWork, connection: Connection, transaction: LoginTransaction) -> Response:
    trip = transactions.begin(uow, connection, cookies.ensure_browser_secret(), login_id=transaction.id)
    hints = Hints(transaction.email_hint, reauthenticate=transaction.required_user_id is not None)
    return _go(uow, connection, trip, hints, way_on=connection_ways.back_to_login(transaction))


def _go(uow: UnitOfWork, connection: Connection, trip: Trip, hints: Hints, *, way_on: tuple[str, str]) -> Response:
    """303 to the upstream, or a page on the way there for whoever came by a form."""
    try:
        with gate.pass_through():
            url = _way(uow, connection, trip, hints)
    except UpstreamBusy as busy:
        return connection_failures.show_busy(connection, retry_after=busy.retry_after)
    except SignInRefused as refused:
        linking.refuse(uow, connection, refused)
        return connection_failures.show(connection, refused.reason, way_on=way_on)
    return see_other(url) if request.method == "GET" else connection_ways.onward_page(connection, url)


def _way(uow: UnitOfWork, connection: Connection, trip: Trip, hints: Hints) -> str:
    """Where the browser goes; nothing of ours waits while the upstream is asked for that."""
    upstream = upstreams.of(uow, connection)
    uow.commit()
    return upstreams.provider(connection).authorization_url(upstream, trip, hints)


def _receive(uow: UnitOfWork, connection: Connection, answer: dict[str, str]) -> Response:
    """Take the trip, ask the upstream who it is, and go on in another transaction."""
    state = answer.get("state", "")
    trip = transactions.claim(uow, connection, state, cookies.browser_secret())
    if trip is None:
        raise connection_ways.expired()
    upstream, whole = upstreams.of(uow, connection), transactions.trip_of(uow, state)
    uow.commit()
    came: UpstreamProfile | SignInRefused
    try:
        came = upstreams.provider(connection).fetch(upstream, whole, answer)
    except SignInRefused as refused:
        came = refused
    uow.session.expunge_all()  # whatever was read before may have changed meanwhile
    again, same_trip = connections.find(uow, connection.name), uow.find(FederationTransaction, trip.id)
    if again is None or same_trip is None:
        raise connection_ways.expired()
    if testing.is_test(same_trip):
        return connection_tests.show(uow, again, same_trip, came)
    if isinstance(came, SignInRefused):
        return _refuse(uow, again, same_trip, came)
    if same_trip.user_id is not None:
        return _link(uow, again, same_trip, came)
    transaction = login.get(uow, same_trip.login_id, cookies.browser_secret())
    return sign_in(uow, again, same_trip, transaction, came)


def sign_in(
    uow: UnitOfWork,
    connection: Connection,
    trip: FederationTransaction,
    transaction: LoginTransaction,
    profile: UpstreamProfile,
    *,
    terms_accepted: bool = False,
) -> Response:
    """Let somebody in whom the upstream knows, as the rules of linking have it, and go on with their login."""
    if offers.find(uow, connection.name, flows.client_id(uow, transaction)) is None:
        return flows.onward("login", transaction)  # disabled, or taken from the client, meanwhile
    required = None if transaction.required_user_id is None else uow.find(User, transaction.required_user_id)
    try:
        user = linking.sign_in(uow, connection, profile, required=required, terms_accepted=terms_accepted)
    except SignInRefused as refused:
        return _refuse(uow, connection, trip, refused)
    except TermsNeeded:
        transactions.keep_profile(uow, trip, profile)
        return flows.onward(f"connections/{connection.name}/terms", transaction)
    trip.completed_at, trip.received_sealed = uow.now, None
    login.prove(transaction, user.id, Method.FEDERATED)
    flows.ask_for_proof(uow, transaction)
    return flows.go_on(uow, transaction)


def _link(uow: UnitOfWork, connection: Connection, trip: FederationTransaction, profile: UpstreamProfile) -> Response:
    try:
        session = _who_links(uow, connection, trip)
        linking.link(uow, connection, uow.get(User, session.user_id), profile, session=session)
    except SignInRefused as refused:
        return _refuse(uow, connection, trip, refused)
    trip.completed_at = uow.now
    return see_other(
        f"{current_tenant().issuer}/{connection_ways.ACCOUNT_PAGE}?{flash.PARAMETER}={flash.IDENTITY_LINKED}"
    )


def _who_links(uow: UnitOfWork, connection: Connection, trip: FederationTransaction) -> Session:
    session = sessions.resume(uow, cookies.session_secret())
    if session is None or session.user_id != trip.user_id or connection.disabled_at is not None:
        raise SignInRefused(Reason.ANOTHER_PERSON, "whoever began to link is not signed in here any more")
    return session


def _refuse(uow: UnitOfWork, connection: Connection, trip: FederationTransaction, refused: SignInRefused) -> Response:
    """The refusal is returned, because its event must be committed."""
    metrics.count_signin("refused", way="upstream")
    trip.completed_at, trip.failure, trip.received_sealed = uow.now, refused.reason.value, None
    user = None if trip.user_id is None else uow.find(User, trip.user_id)
    linking.refuse(uow, connection, refused, user)
    if trip.user_id is not None:
        return connection_failures.show(connection, refused.reason, way_on=connection_ways.back_to_account())
    transaction = login.find(uow, trip.login_id, cookies.browser_secret())
    return connection_failures.show(connection, refused.reason, way_on=connection_ways.back_to_login(transaction))
