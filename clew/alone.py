"""One process for one database: two that took up the same turns would do everything twice."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


class StartError(Exception):
    """clew cannot start; the text is one sentence for the operator."""


class DatabaseHeld(StartError):  # noqa: N818 - named for what went wrong
    """Another clew has the database."""


@contextmanager
def alone(database: Path, *, patience: float) -> Generator[None]:
    """Hold a database for this process.

    The operating system gives the lock back when a process ends, however it ends.

    Args:
        database: The database's file; the lock is a file beside it.
        patience: Seconds to wait for a former process that is still ending.

    Raises:
        DatabaseHeld: Another clew has it.
        StartError: The lock cannot be written.
    """
    lock = FileLock(f"{database}.lock", timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise DatabaseHeld(f"Another clew runs on the database {database}; only one can.") from error
    except OSError as error:
        raise StartError(f"The database {database} cannot be used: {error.strerror} ({database}.lock).") from error
    try:
        yield
    finally:
        lock.release()
