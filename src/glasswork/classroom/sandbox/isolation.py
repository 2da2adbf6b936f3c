"""Keep a submission apart from everything else: bubblewrap around the server, namespaces of its own for each child.

teacher's process ──► bwrap: system and Python read-only, nothing else there ──► server ──► keeper ──► child
"""

import contextlib
import ctypes
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

#: What Python and its libraries need of the system, where it is there.
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime",
    "/nix/store", "/gnu/store",
)  # fmt: skip

#: Variables of the environment that the server gets; the others may hold secrets.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "PYTHONHOME", "VIRTUAL_ENV")

#: The folder that holds the package glasswork.
_OURS = Path(__file__).resolve().parents[3]

# Of <linux/sched.h>, <linux/mount.h> and <linux/prctl.h>.
_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_PROCESSES, _NEW_NET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_RECURSIVE_PRIVATE, _READ_ONLY = 0x4000 | 0x40000, 1
_MOUNT_SETATTR, _ALL_BELOW = 442, 0x8000
_SIGNAL_AT_PARENTS_DEATH, _NO_NEW_PRIVILEGES = 1, 38

MISSING = (
    "bubblewrap, which keeps code of others away from your files, is not installed or does not work here; "
    "install it (Debian, Ubuntu: sudo apt-get install bubblewrap)"
)

#: Said to whoever checks a file of their own without it.
NOTICE = (
    "Note: bubblewrap (bwrap) is not installed or does not work here. The file runs within limits, but it could read "
    "what you can read: do not check files of others this way."
)


def environment() -> dict[str, str]:
    """Return the environment of a process that runs code of others: no secret, and one thread for each library.

    Its hashes are the same each time, for one file gets one verdict.
    """
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    if str(_OURS) in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        passed["PYTHONPATH"] = str(_OURS)
    return passed | threads | {"HOME": "/tmp", "PYTHONHASHSEED": "0"}


def bubblewrap() -> list[str]:
    """Return the command that leaves of this machine the system and Python alone, read-only; nothing if it fails."""
    command = shutil.which("bwrap")
    if command is None:
        return []
    wrapped = [command, "--unshare-all", "--die-with-parent", "--new-session"]
    for path in _SYSTEM:
        wrapped += ["--ro-bind-try", path, path]
    wrapped += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for place in _python_folders():
        wrapped += ["--ro-bind", place, place]
    wrapped += ["--chdir", "/tmp", "--remount-ro", "/"]
    try:
        works = subprocess.run([*wrapped, "true"], capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return []
    return wrapped if works else []


def _python_folders() -> Iterator[str]:
    """Yield the folders of Python, of its packages, and of glasswork, unless they are the system's."""
    packages = [p for p in sys.path if Path(p).name in ("site-packages", "dist-packages")]
    folders = [sys.prefix, sys.base_prefix, site.getusersitepackages(), *packages, str(_OURS)]
    folders += [os.path.realpath(folder) for folder in folders]
    for folder in dict.fromkeys(folders):
        if Path(folder).is_dir() and not folder.startswith("/usr/") and folder not in ("/", "/usr"):
            yield folder


def enter_namespaces(folder: str) -> bool:
    """Leave for this process's children the network, other processes and every writable place but a new folder.

    ``folder`` becomes an empty file system of 1 GB in memory, /proc an empty one; all else is read-only.

    Returns
    -------
    bool
        False where the system does not allow it; nothing has changed then.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    kinds = _NEW_MOUNTS | _NEW_IPC | _NEW_PROCESSES | _NEW_NET
    if libc.unshare(kinds) != 0:
        if libc.unshare(kinds | _NEW_USER) != 0:
            return False
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{name}").write_text(line, "utf-8")
    read_only = (ctypes.c_uint64 * 4)(1)
    steps = (
        libc.mount(None, b"/", None, _RECURSIVE_PRIVATE, None),
        libc.syscall(_MOUNT_SETATTR, -1, b"/", _ALL_BELOW, ctypes.byref(read_only), ctypes.sizeof(read_only)),
        libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=1g,nr_inodes=4096,mode=700"),
        libc.mount(b"tmpfs", b"/proc", b"tmpfs", _READ_ONLY, None),
    )
    return not any(steps)


def drop_rights() -> None:
    """Give up every capability, and with them the way back out of the namespaces."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())


def die_with_parent(number: int) -> None:
    """Have a signal sent to this process when its parent ends."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_DEATH, number, 0, 0, 0)
