"""GitHub (R21, R22): who it says is there, which of that we believe, and what happens when it says something else."""

from typing import Any

import pytest

from idp.federation.errors import Reason, SignInRefused
from idp.federation.providers.base import Hints, Tokens
from idp.federation.providers.github import GITHUB, MAX_PAGES
from tests.federation.trips import CALLBACK, TRIP, asked, at_github, judged, refusal, sign_in, with_secrets
from tests.upstreams.github import API, CLIENT_ID, CLIENT_SECRET, TOKEN, GitHub
from tests.upstreams.serving import NEVER, Reply, as_form, as_json, redirect

MEMBER = {"email": "octocat@acme.example", "primary": True, "verified": True}


def test_somebody_comes_back_with_their_number_and_their_primary_address(hub: GitHub) -> None:
    profile = sign_in(hub, at_github(hub))
    assert (profile.issuer, profile.subject) == (hub.url, "583231")
    assert (profile.email, profile.email_verified) == ("octocat@acme.example", True)
    assert profile.username == "octocat"
    assert profile.attributes["name"] == "The Octocat"
    assert profile.attributes["nickname"] == "octocat"
    assert profile.groups == []
    assert profile.claims["id"] == 583231
    assert profile.tokens is not None
    assert profile.tokens.access_token.startswith("gho_")
    assert "gho_" not in str(profile.claims)
    assert not hub.count(f"{API}/user/orgs"), "nothing depends on it"


def test_the_address_to_go_to_says_who_we_are_and_what_we_want(hub: GitHub) -> None:
    url = GITHUB.authorization_url(
        at_github(hub, scope=["gist"]), TRIP, Hints("jane@acme.example", reauthenticate=True)
    )
    sent = asked(url)
    challenge = sent.pop("code_challenge")
    assert url.startswith(f"{hub.url}/login/oauth/authorize?")
    assert challenge != TRIP.code_verifier
    assert sent == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "read:user user:email gist",
        "state": TRIP.state,
        "code_challenge_method": "S256",
        "login": "jane@acme.example",
        "prompt": "select_account",
    }


def test_a_login_name_that_somebody_else_got_is_somebody_else(hub: GitHub) -> None:
    first = sign_in(hub, at_github(hub))
    hub.person.id = 583232
    second = sign_in(hub, at_github(hub))
    assert (first.username, second.username) == ("octocat", "octocat")
    assert first.subject != second.subject


def test_the_primary_address_is_found_on_a_later_page(hub: GitHub) -> None:
    hub.script.most = 1
    hub.person.emails = [{"email": f"{n}@acme.example", "primary": False, "verified": True} for n in range(3)] + [
        MEMBER
    ]
    assert sign_in(hub, at_github(hub)).email == MEMBER["email"]
    assert hub.count(f"{API}/user/emails") == 4


@pytest.mark.parametrize("verified", [False, None, "true", 1, [True]])
def test_an_address_is_verified_by_true_and_by_nothing_else(hub: GitHub, verified: Any) -> None:
    hub.person.emails = [{**MEMBER, "verified": verified}]
    profile = sign_in(hub, at_github(hub))
    assert (profile.email, profile.email_verified) == (MEMBER["email"], False)


@pytest.mark.parametrize("primary", [False, None, "true", 1])
def test_no_address_but_the_primary_one_counts(hub: GitHub, primary: Any) -> None:
    hub.person.emails = [{**MEMBER, "primary": primary}]
    profile = sign_in(hub, at_github(hub))
    assert (profile.email, profile.email_verified) == (None, False)


@pytest.mark.parametrize(
    "email", [None, 7, "", "jane", "jane@acme.example, eve@evil.example", "a@b\x00.example", "x" * 9000]
)
def test_an_address_that_is_none_is_none(hub: GitHub, email: Any) -> None:
    hub.person.emails = [{**MEMBER, "email": email}]
    assert sign_in(hub, at_github(hub)).email is None


@pytest.mark.parametrize("number", [None, True, False, "583231", 1.5, [1], {}])
def test_whoever_has_no_numeric_id_is_nobody(hub: GitHub, number: Any) -> None:
    hub.person.id = number
    assert refusal(hub, at_github(hub))[0] is Reason.NO_SUBJECT


@pytest.mark.parametrize(
    "options",
    [
        {"organizations": ["acme"]},
        {"organizations": ["elsewhere", "ACME"]},
        {"teams": ["acme/core"]},
        {"teams": ["Acme/CORE"]},
        {"organizations": ["elsewhere"], "teams": ["acme/core"]},
    ],
)
def test_members_come_in_however_the_names_are_capitalised(hub: GitHub, options: dict[str, list[str]]) -> None:
    hub.script.most = 2
    hub.person.orgs, hub.person.teams = ["github", "one", "two", "Acme"], ["github/all", "one/all", "Acme/core"]
    assert sign_in(hub, at_github(hub, **options)).subject == "583231"


@pytest.mark.parametrize(
    "options", [{"organizations": ["acme"]}, {"teams": ["acme/core"]}, {"organizations": ["acme"], "teams": ["x/core"]}]
)
def test_whoever_is_in_none_of_them_stays_outside(hub: GitHub, options: dict[str, list[str]]) -> None:
    hub.person.orgs, hub.person.teams = ["github", "acme-labs"], ["acme-labs/core", "github/acme"]
    assert refusal(hub, at_github(hub, **options))[0] is Reason.NOT_PERMITTED


def test_groups_are_organizations_and_teams_where_roles_depend_on_them(hub: GitHub) -> None:
    hub.person.orgs, hub.person.teams = ["acme"], ["acme/core"]
    assert sign_in(hub, at_github(hub, roles={"acme": "member"})).groups == ["acme"]
    assert sign_in(hub, at_github(hub, roles={"acme/core": "developer"})).groups == ["acme", "acme/core"]


def test_cancel_is_told_from_an_error(hub: GitHub) -> None:
    for error, reason in {
        "access_denied": Reason.DENIED,
        "redirect_uri_mismatch": Reason.UPSTREAM_ERROR,
        "": Reason.UPSTREAM_ERROR,
        "\r\n<script>": Reason.UPSTREAM_ERROR,
    }.items():
        with pytest.raises(SignInRefused) as refused:
            GITHUB.fetch(at_github(hub), TRIP, {"error": error, "state": TRIP.state, "code": "x"})
        assert refused.value.reason is reason
        assert refused.value.cause.isprintable()
    with pytest.raises(SignInRefused) as refused:
        GITHUB.fetch(at_github(hub), TRIP, {"state": TRIP.state})
    assert refused.value.reason is Reason.INVALID_ANSWER
    assert not hub.asks


def test_a_code_works_once_and_with_our_proof_only(hub: GitHub) -> None:
    upstream = at_github(hub)
    answer = hub.approve(GITHUB.authorization_url(upstream, TRIP, Hints()))
    GITHUB.fetch(upstream, TRIP, answer)
    with pytest.raises(SignInRefused) as refused:
        GITHUB.fetch(upstream, TRIP, answer)
    assert judged(refused.value, hub) == (
        Reason.UPSTREAM_ERROR,
        "the token endpoint said bad_verification_code",
    )


def test_an_answer_as_a_form_is_understood(hub: GitHub) -> None:
    hub.script.form_only = True
    assert sign_in(hub, at_github(hub)).subject == "583231"
    hub.script.client_secret = "another"
    assert refusal(hub, at_github(hub))[1] == "the token endpoint said incorrect_client_credentials"


def test_the_secret_of_before_is_tried_when_the_new_one_is_refused(hub: GitHub) -> None:
    upstream = at_github(hub)
    assert sign_in(hub, with_secrets(upstream, "not in force there yet", CLIENT_SECRET)).subject == "583231"
    assert [ask.form["client_secret"] for ask in hub.asks if ask.path == TOKEN][-1] == CLIENT_SECRET
    assert hub.count(TOKEN) == 2
    sign_in(hub, with_secrets(upstream, CLIENT_SECRET, "over"))
    assert hub.count(TOKEN) == 3
    assert refusal(hub, with_secrets(upstream, "wrong", "over"))[0] is Reason.UPSTREAM_ERROR


def test_tokens_that_expire_are_renewed(hub: GitHub) -> None:
    hub.script.expires = True
    upstream = at_github(hub)
    tokens = sign_in(hub, upstream).tokens
    assert tokens is not None
    assert tokens.refresh_token is not None
    assert tokens.expires_at is not None
    renewed = GITHUB.refresh(upstream, tokens)
    assert renewed.access_token != tokens.access_token
    assert renewed.refresh_token != tokens.refresh_token
    with pytest.raises(SignInRefused) as refused:
        GITHUB.refresh(upstream, tokens)
    assert judged(refused.value, hub) == (Reason.UPSTREAM_ERROR, "the token endpoint said bad_refresh_token")


def test_without_a_refresh_token_nothing_is_renewed(hub: GitHub) -> None:
    with pytest.raises(SignInRefused) as refused:
        GITHUB.refresh(at_github(hub), Tokens("gho_over"))
    assert judged(refused.value, hub)[0] is Reason.UPSTREAM_ERROR


def test_a_used_up_rate_limit_is_nobody_s_fault(hub: GitHub) -> None:
    hub.script.used_up = True
    reason, cause = refusal(hub, at_github(hub))
    assert reason is Reason.UNREACHABLE
    assert "rate limit" in cause
    hub.script.used_up = False
    hub.instead[f"{API}/user"] = as_json({"message": "secondary rate limit"}, 429, Retry_After="60")
    assert refusal(hub, at_github(hub))[0] is Reason.UNREACHABLE


def test_a_token_that_was_revoked_meanwhile_lets_nobody_in(hub: GitHub) -> None:
    hub.script.revoked = True
    assert refusal(hub, at_github(hub)) == (Reason.UPSTREAM_ERROR, f"{API}/user: the token was revoked (HTTP 401)")


HOSTILE: dict[str, tuple[Reply, set[Reason]]] = {
    "no JSON": (Reply(b"<html>"), {Reason.INVALID_ANSWER}),
    "nothing": (Reply(b""), {Reason.INVALID_ANSWER}),
    "no UTF-8": (Reply(b'{"id": 1, "access_token": "\xff"}'), {Reason.INVALID_ANSWER}),
    "a number": (as_json(7), {Reason.INVALID_ANSWER}),
    "null": (as_json(None), {Reason.INVALID_ANSWER}),
    "text": (as_json("jane"), {Reason.INVALID_ANSWER}),
    "deep": (Reply(b"[" * 100_000 + b"]" * 100_000), {Reason.INVALID_ANSWER}),
    "deep object": (Reply(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), {Reason.INVALID_ANSWER}),
    "an endless number": (Reply(b"1" * 100_000), {Reason.INVALID_ANSWER}),
    "too long": (Reply(b" " * (1024 * 1024 + 1)), {Reason.UNREACHABLE}),
    "HTTP 500": (as_json({}, 500), {Reason.UNREACHABLE}),
    "HTTP 503": (Reply(status=503), {Reason.UNREACHABLE}),
    "HTTP 404": (as_json({"message": "Not Found"}, 404), {Reason.UPSTREAM_ERROR, Reason.INVALID_ANSWER}),
    "silence": (NEVER, {Reason.UNREACHABLE}),
    "a slow drip": (Reply(b"{}" * 1000, drip=0.05), {Reason.UNREACHABLE}),
    "a redirect": (redirect("http://127.0.0.1:9/"), {Reason.UPSTREAM_ERROR, Reason.INVALID_ANSWER}),
    "a form": (as_form({"access_token": ""}), {Reason.INVALID_ANSWER}),
}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("path", [TOKEN, f"{API}/user", f"{API}/user/emails", f"{API}/user/orgs", f"{API}/user/teams"])
def test_an_answer_that_is_none_lets_nobody_in(hub: GitHub, path: str, case: str) -> None:
    reply, reasons = HOSTILE[case]
    hub.instead[path] = reply
    upstream = at_github(hub, organizations=["github"], teams=["github/all"])
    assert refusal(hub, upstream)[0] in reasons


@pytest.mark.parametrize("path", [f"{API}/user/emails", f"{API}/user/orgs", f"{API}/user/teams"])
def test_a_list_that_is_an_object_lets_nobody_in(hub: GitHub, path: str) -> None:
    hub.instead[path] = as_json({"message": "ok"})
    assert refusal(hub, at_github(hub, organizations=["github"], teams=["github/all"])) == (
        Reason.INVALID_ANSWER,
        f"{path.removeprefix(API)} is no JSON list",
    )


def test_pages_elsewhere_are_not_asked_for(hub: GitHub) -> None:
    elsewhere = hub.url.replace("127.0.0.1", "localhost")
    for link in (
        f'<{elsewhere}{API}/user/emails?page=2>; rel="next"',
        f'<{hub.url}.evil.example{API}/user/emails>; rel="next"',
        f'<{hub.url}/elsewhere>; rel="next"',
        '<>; rel="next"',
        ";;;,<<>>",
    ):
        hub.instead[f"{API}/user/emails"] = as_json([MEMBER | {"primary": False}], Link=link)
        before = len(hub.asks)
        assert sign_in(hub, at_github(hub)).email is None
        assert {ask.path for ask in hub.asks[before:]} == {
            "/login/oauth/authorize",
            TOKEN,
            f"{API}/user",
            f"{API}/user/emails",
        }


def test_endless_pages_end(hub: GitHub) -> None:
    more = f'<{hub.url}{API}/user/emails?page=2>; rel="next"'
    hub.instead[f"{API}/user/emails"] = as_json([], Link=more)
    assert sign_in(hub, at_github(hub)).email is None
    assert hub.count(f"{API}/user/emails") == MAX_PAGES
