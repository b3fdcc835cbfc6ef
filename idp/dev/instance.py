"""Which instance lives in a data folder: one at most, and other commands can find it.

`lock` is held by the living instance and by nobody else, so it is true even after kill -9; `instance.json`
(0600) says how to reach it.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from idp.dev.errors import CannotStart
from idp.dev.files import Lock, data_folder, is_locked, write_private


@dataclass(frozen=True)
class Instance:
    """A living instance.

    Attributes:
        pid: its supervisor.
        environment: the IDP_* settings that its processes run with. Holds secrets.
    """

    pid: int
    environment: dict[str, str] = field(repr=False)


class Claim:
    """The right to run an instance in `data_dir`, as a context manager.

    Raises:
        AlreadyRunning: an instance lives there.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_folder(data_dir)
        self._lock = Lock(self.data_dir / "lock", taken=f"An instance already runs in {self.data_dir}.")
        self._lock.sign(os.getpid())
        (self.data_dir / "instance.json").unlink(missing_ok=True)

    def publish(self, environment: dict[str, str]) -> None:
        """Tell other commands how to reach this instance, once it can be reached."""
        content = json.dumps({"pid": os.getpid(), "environment": environment}, indent=2)
        write_private(self.data_dir / "instance.json", content + "\n")

    def release(self) -> None:
        """Withdraw what was published, and let go."""
        (self.data_dir / "instance.json").unlink(missing_ok=True)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def living_instance(data_dir: Path) -> Instance | None:
    """The instance that runs in `data_dir` and can be reached; None when there is none, or not yet.

    Raises:
        CannotStart: the folder belongs to somebody else, or its file is not ours.
    """
    if not is_locked(data_dir / "lock"):
        return None
    path = data_dir / "instance.json"
    try:
        content = json.loads(path.read_text("utf-8"))
        return Instance(int(content["pid"]), {str(k): str(v) for k, v in content["environment"].items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CannotStart(f"{path} cannot be read; stop the instance and start it again.") from error
