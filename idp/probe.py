"""Asks a process of this container how it is: ``python -m idp.probe /livez 9090 9091`` (R64).

For health checks of images that have no curl.  It stands on nothing of ours, so that it costs little each time, and
speaks to this machine only, past any proxy of the environment.
"""

import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

_TIMEOUT_SECONDS = 4


def is_well(path: str, port: int) -> bool:
    """Whether `port` of this machine answers `path` with 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    wanted, *ports = sys.argv[1:]
    sys.exit(not any(is_well(wanted, int(number)) for number in ports))
