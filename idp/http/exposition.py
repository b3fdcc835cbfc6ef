"""Metrics as Prometheus reads them: of one process, or of all processes of a web server together.

Each process of a web server counts into files of its own.  Those of processes that are gone are folded into one, so
that a year of replaced processes is as quick to read as a day.
"""

import fcntl
import os
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.values import ValueClass

from idp.metrics import REGISTRY

CONTENT_TYPE = CONTENT_TYPE_LATEST
_GONE = "gone"
_LASTING = ("counter", "histogram")
_PROC = Path("/proc")


class Processes(Collector):
    """How many processes there are, and what the greatest of them takes; read from the kernel when asked.

    prometheus_client's own collector knows nothing but the process that it runs in.
    """

    def collect(self) -> Iterable[Metric]:
        """Nothing where there is no ``/proc``."""
        pids = [pid for pid in _living() if (_PROC / str(pid)).is_dir()]
        yield GaugeMetricFamily("idp_processes", "Processes that answer or work.", value=len(pids))
        memory = max((_resident(pid) for pid in pids), default=0)
        files = max((_open_files(pid) for pid in pids), default=0)
        most, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        yield GaugeMetricFamily("idp_process_resident_bytes", "Memory of the greatest process.", value=memory)
        yield GaugeMetricFamily("idp_process_open_fds", "File descriptors of the process with the most.", value=files)
        yield GaugeMetricFamily("idp_process_max_fds", "File descriptors that a process may open.", value=most)


def expose() -> bytes:
    """Every metric as text."""
    folder = counters()
    if folder is None:
        registry = CollectorRegistry()
        registry.register(REGISTRY)
        registry.register(Processes())
        return generate_latest(registry)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    registry.register(Processes())
    with _locked(folder, fcntl.LOCK_SH):
        return generate_latest(registry)


def counters() -> Path | None:
    """Where the processes of this web server count; None where there is one process and it counts in memory."""
    if not ValueClass._multiprocess:  # noqa: SLF001 - how the library says which mode it chose at import
        return None
    return Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])  # noqa: TID251 - ours to the library, from gunicorn_conf


def fold(folder: Path, pid: int) -> None:
    """Add what a process that is gone has counted to what others before it have, and forget its gauges.

    Where somebody reads all the while, which takes a process that was halted, its files stay as they are: the master
    must wait for nobody.

    Args:
        folder: where the processes count.
        pid: of the process.
    """
    for gauges in folder.glob(f"gauge_live*_{pid}.db"):
        gauges.unlink(missing_ok=True)
    with suppress(BlockingIOError), _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for kind in _LASTING:
            theirs = folder / f"{kind}_{pid}.db"
            if theirs.exists():
                _add(theirs, folder / f"{kind}_{_GONE}.db")
                theirs.unlink()


def _add(theirs: Path, total: Path) -> None:
    sums = MmapedDict(str(total))  # type: ignore[no-untyped-call]
    try:
        for key, value, _timestamp, _position in MmapedDict.read_all_values_from_file(str(theirs)):  # type: ignore[no-untyped-call]
            before, _ = sums.read_value(key)  # type: ignore[no-untyped-call]
            sums.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
    finally:
        sums.close()  # type: ignore[no-untyped-call]


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """Nobody reads while files are folded: a count that vanishes for a moment looks like a restart."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield


def _living() -> list[int]:
    folder = counters()
    if folder is None:
        return [os.getpid()]
    pids = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_livesum_*.db")}
    return sorted(pids - {os.getppid()})  # the master answers nobody


def _resident(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text("ascii").split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _open_files(pid: int) -> int:
    try:
        return len(os.listdir(_PROC / str(pid) / "fd"))  # noqa: PTH208 - a process may have thousands
    except OSError:
        return 0
