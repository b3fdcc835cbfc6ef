"""The test session's own servers: what workers share, and what they do not."""

import psycopg
import redis

from tests import services


def test_each_worker_has_a_database_and_a_redis_of_its_own() -> None:
    running = services.start_services()
    try:
        addresses = running.addresses
        with psycopg.connect(services.create_database(addresses, "template_idp")) as connection:
            connection.execute("CREATE TABLE migrated AS SELECT 1 AS answer")
        for _ in range(2):
            urls = [services.create_database(addresses, n, template="template_idp") for n in ("gw0", "gw1")]
        with psycopg.connect(urls[0]) as one, psycopg.connect(urls[1]) as two:
            one.execute("DROP TABLE migrated")
            assert two.execute("SELECT answer FROM migrated").fetchone() == (1,)
        with (
            redis.Redis.from_url(services.redis_url(addresses, "gw0")) as mine,
            redis.Redis.from_url(services.redis_url(addresses, "gw1")) as yours,
        ):
            mine.set("key", "value")
            assert yours.get("key") is None
    finally:
        running.stop()
    assert not running.root.exists()
    assert not running.postgres.home.exists()
