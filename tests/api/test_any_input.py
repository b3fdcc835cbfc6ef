"""schemathesis over the whole document: whatever is sent, no 5xx, no undocumented answer, none against its schema.

Cases are made from the served document, first operation by operation, then in chains in which what one answers is asked
of the next; by a member, an administrator, an operator, and another tenant's administrator.  Deterministic, so that it
finds the same every time; `make soak` looks longer.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from idp.budget import Budget
from idp.tenants import resolve
from idp.tenants import service as tenants
from idp.wiring import Wiring
from tests.api.conformance import document
from tests.api.management.callers import person_caller
from tests.factories import People, make_tenant, system_tenant

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
API = "/api/v1/"
EVERY = schemathesis.openapi.from_dict(deepcopy(document()))
"""With the boundary of each schema, value by value, beside what is drawn at random."""
DRAWN = schemathesis.openapi.from_dict(
    deepcopy(document()), config=schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
)


class Callers:
    """Everybody's token, made when it is first needed, and the tenant that all of them call at."""

    def __init__(self, app: Any, wiring: Wiring) -> None:
        self.app, self.here = app, People(wiring, make_tenant(wiring))
        self.elsewhere, self.system = People(wiring, make_tenant(wiring)), People(wiring, system_tenant(wiring))
        for people in (self.here, self.elsewhere, self.system):
            spend_freely(wiring, people.tenant.slug)
        self.tokens: dict[str, str] = {}

    def aim(self, case: Any, who: str) -> dict[str, str]:
        """Point a case at our tenant; answers the headers to send it with."""
        if "tenant_slug" in case.path_parameters:
            case.path_parameters["tenant_slug"] = self.here.tenant.slug
        if who not in self.tokens:
            home, role = {"stranger": (self.elsewhere, "owner"), "operator": (self.system, "owner")}.get(
                who, (self.here, who)
            )
            email = f"{who}@{self.here.tenant.slug}.example"
            self.tokens[who] = person_caller(self.app, home, email=email, roles=(role,)).token
        return {"Authorization": f"Bearer {self.tokens[who]}"}


def spend_freely(wiring: Wiring, slug: str) -> None:
    """Refusals by a rate limit would hide everything else."""
    with wiring.platform_unit() as platform:
        most = dict.fromkeys(("limit_tenant", "limit_client", "limit_visit_ip"), "1000000/minute")
        tenants.update(platform, tenants.get(platform, slug), {**most, "limit_client_ip": "100000/minute"})
    resolve.forget()
    assert most.keys() <= Budget.model_fields.keys()


@pytest.fixture(scope="module")
def callers(app: Any, wiring: Wiring) -> Iterator[Callers]:
    return Callers(app, wiring)


def looks(examples: int) -> settings:
    checked = list(HealthCheck)
    return settings(
        max_examples=examples, deadline=None, derandomize=True, suppress_health_check=checked, database=None
    )


@pytest.mark.soak
@EVERY.include(path_regex=API).parametrize()
@looks(3)
def test_every_boundary_of_every_schema_is_answered_as_documented(app: Any, callers: Callers, case: Any) -> None:
    case.call_and_validate(app=app, headers=callers.aim(case, "owner"), checks=CHECKS)


@DRAWN.include(path_regex=API).parametrize()
@looks(1)
def test_whatever_anybody_sends_is_answered_as_documented(app: Any, callers: Callers, case: Any) -> None:
    for who in ("owner", "member", "admin", "stranger", "operator"):
        case.call_and_validate(app=app, headers=callers.aim(case, who), checks=CHECKS)


@pytest.mark.parametrize("who", ["admin", "owner", "operator"])
def test_whatever_follows_from_an_answer_is_answered_as_documented(app: Any, wiring: Wiring, who: str) -> None:
    """Chains: an id that one operation answered goes into the path of the next.  Each begins with a fresh tenant."""

    class Chain(DRAWN.include(path_regex=API).as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.callers = Callers(app, wiring)

        def before_call(self, case: Any) -> None:
            self.headers = self.callers.aim(case, who)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"app": app, "headers": self.headers}

        def validate_response(self, response: Any, case: Any, **_options: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    Chain.run(settings=settings(looks(4), stateful_step_count=8, phases=[Phase.generate]))
