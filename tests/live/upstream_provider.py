"""npm's oidc-provider as an upstream, for as long as a block."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from node import SCRIPTS, commands, npm_ci
from programs import free_port

CLIENT_ID = "acme"
CLIENT_SECRET = "what-acme-and-its-upstream-know"


@contextmanager
def oidc_provider(redirect_uri: str, *, client: dict[str, Any] | None = None, **account: Any) -> Iterator[str]:
    """Its issuer; whoever signs in there has these claims, and what they type as their login is their subject.

    Args:
        redirect_uri: of the client.
        client: more of its metadata (OpenID Connect Dynamic Client Registration §2).
        account: claims.
    """
    npm_ci()
    node, _ = commands()
    told = {
        "port": free_port(),
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": redirect_uri,
        "client": client or {},
        "account": account,
    }
    command = [node, str(SCRIPTS / "oidc_provider.mjs"), json.dumps(told)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, f"oidc-provider ended with status {process.wait(10)}"
        yield json.loads(line)["issuer"]
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
