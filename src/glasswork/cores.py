"""How many processor cores this process may use: those of the machine, less what is not granted to it.

taskset, a cluster's binding ──► affinity        ┐
docker --cpus, Kubernetes    ──► control groups  ├──► the least of them
OMP_NUM_THREADS              ──► environment     ┘
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def granted_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use, at least 1.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are.
    """
    present = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([present, *_asked_for(), *_quotas(root)]))


def _asked_for() -> Iterator[int]:
    """Yield the number in ``OMP_NUM_THREADS``, if it is one; of several, "4,2", that of the outermost level."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if first.isdecimal() and int(first) > 0:
        yield int(first)


def _quotas(root: Path) -> Iterator[int]:
    """Yield the cores that are granted to each control group of this process, and to those around it."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, ValueError):  # not Linux
        return
    groups = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:  # version 2
            mounts = [groups, groups / "unified"]
        elif "cpu" in controllers.split(","):  # version 1
            mounts = [groups / "cpu", groups / controllers]
        else:
            continue
        inside = PurePosixPath("/", path)
        for folder in (inside, *inside.parents):
            for mount in mounts:
                if (quota := _quota_of(mount / str(folder).lstrip("/"))) is not None:
                    yield quota


def _quota_of(group: Path) -> int | None:
    """Return the cores that a control group grants, rounded up; None if it has no limit."""
    try:
        if (group / "cpu.max").exists():
            time, period = map(int, (group / "cpu.max").read_text().split())
        else:
            time, period = (int((group / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    except (OSError, ValueError):  # "max", or no such files
        return None
    return -(-time // period) if time > 0 and period > 0 else None
