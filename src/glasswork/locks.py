"""A lock that one process at a time holds; the operating system releases it, however the process ends.

Some file systems have no locks, such as NFS without its lock service: work goes on there without one.
"""

import errno
import warnings
from pathlib import Path

from filelock import FileLock, Timeout

#: The errors of a file system that has no locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}


class Lock:
    """A lock by a file, which stays when it is released.

    Parameters
    ----------
    path : Path
        Of the file, in a folder that exists when the lock is acquired.
    timeout : float
        Seconds to wait for another process; -1 waits for ever.

    Attributes
    ----------
    missing : bool
        Whether the file system turned out to have no locks.
    """

    def __init__(self, path: Path, *, timeout: float = 0.5) -> None:
        self.missing = False
        self._lock = FileLock(path, timeout=timeout)

    def acquire(self) -> bool:
        """Acquire the lock, where there are locks; return False if another process holds it.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # another kind of lock in place of this one is as good
                self._lock.acquire()
        except Timeout:
            return False
        except NotImplementedError:
            self.missing = True
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            self.missing = True
        return True

    def release(self) -> None:
        """Release the lock, if it is held."""
        self._lock.release()
