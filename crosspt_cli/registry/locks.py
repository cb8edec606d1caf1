"""One writer per entry at a time, among all processes on the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crosspt_cli.foundation.errors import StorageError
from crosspt_cli.foundation.files import storage_errors

WAIT_S = 20.0  # a write takes milliseconds, a backbone of a gigabyte seconds


@contextmanager
def entry_lock(path: Path, what: str, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock of one entry; the same thread may take it again inside.

    The lock is the operating system's, so a killed process lets go of it at once; the file itself stays.

    Args:
        path: the lock file, ``<home>/locks/<kind>/<name>.lock``. Its folder is created.
        what: the entry, for the message, e.g. ``"the task 'reviews'"``.
        wait_s: how many seconds to wait for another process.

    Raises:
        StorageError: another process still holds it after that time, or the folder is not writable.
    """
    from filelock import FileLock, Timeout

    holder = path.with_suffix(".holder")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, is_singleton=True)
        again = lock.is_locked
        try:
            lock.acquire(timeout=wait_s, poll_interval=0.02)
        except Timeout as error:
            raise _busy(what, holder, wait_s) from error
    try:
        if not again:
            _sign(holder)
        yield
    finally:
        if not again:
            with suppress(OSError):
                holder.unlink(missing_ok=True)
        lock.release()


def _sign(holder: Path) -> None:
    # only for another process's message: on a full disk the lock must still work, or nothing could be removed
    with suppress(OSError):
        holder.write_text(f"process {os.getpid()}, since {time.strftime('%H:%M:%S')}", encoding="utf-8")


def _busy(what: str, holder: Path, wait_s: float) -> StorageError:
    with suppress(OSError, UnicodeDecodeError):
        signed = holder.read_text(encoding="utf-8")
        return StorageError("registry", f"{what} is in use by {signed}; {wait_s:g} s were waited.", _BUSY_HINT)
    return StorageError("registry", f"{what} is in use by another process; {wait_s:g} s were waited.", _BUSY_HINT)


_BUSY_HINT = "Wait until that process is done, or end it; or use another name."
