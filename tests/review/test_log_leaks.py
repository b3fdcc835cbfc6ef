"""What the log says of a statement that failed (R58)."""

import pytest
from sqlalchemy.exc import DBAPIError

from idp.oauth.models import ClientSecret
from tests.factories import NOBODY, People


def test_the_error_of_a_statement_does_not_tell_its_values(people: People) -> None:
    """The traceback of an unexpected error is logged, and would carry digests, hashes and addresses along."""
    with pytest.raises(DBAPIError) as failed, people.unit() as uow:
        uow.add(ClientSecret(client_id=NOBODY, secret_digest=b"digest of a secret"))
    assert "digest of a secret" not in str(failed.value)
