"""What a tenant decides, for a test that needs it otherwise."""

from idp.tenants import resolve
from idp.tenants import service as tenants
from tests.factories import People


def decide(people: People, **changes: str) -> None:
    """Change the policy or the look of the tenant, as an operator would."""
    with people.wiring.platform_unit() as platform:
        tenants.update(platform, tenants.get(platform, people.tenant.slug), changes)
    resolve.forget()
