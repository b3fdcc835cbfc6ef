import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that a server without root's rights can reach, unlike tmp_path."""
    path = Path(tempfile.mkdtemp(prefix="idp-dev-"))
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    yield path
    shutil.rmtree(path)
