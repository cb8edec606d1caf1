"""The one tree of errors: each says where, what is wrong, and what to type.

Every class is also the builtin a library user would expect to catch. Only `cli/main.py` turns them into text and an
exit code; anything that is not a `CrossptError` is a bug and keeps its traceback.
"""

from __future__ import annotations


class Argument(str):
    """The name of a function's argument, as an error's `where`.

    The command line speaks of the option of that meaning instead, e.g. of ``--max-time`` for ``max_seconds``.
    """


class CrossptError(Exception):
    """Something the person can mend.

    Args:
        where: the file, line, command, registry entry or `Argument` at fault, e.g. ``"tickets.csv line 7"``.
        problem: what is wrong, with the numbers; a full sentence without a leading place.
        hint: what to do, naming the exact argument, file or command.
        typed: the hint for the command line, where it says other words than the one for Python.
    """

    exit_code = 1
    kind = "failure"

    def __init__(self, where: str, problem: str, hint: str = "", typed: str = "") -> None:
        super().__init__(where, problem, hint)
        self.where, self.problem, self.hint, self.typed = where, problem, hint, typed or hint

    def __str__(self) -> str:
        first = f"{self.where}: {self.problem}"
        return f"{first}\n{self.hint}" if self.hint else first


class OptionError(CrossptError, ValueError):
    """A flag or argument has a value that cannot be used."""

    exit_code = 2
    kind = "usage"


class DataError(CrossptError, ValueError):
    """The person's data cannot be used as it is."""

    exit_code = 3
    kind = "data"


class TemplateError(CrossptError, ValueError):
    """A template or its label words cannot be used."""

    exit_code = 3
    kind = "template"


class NotFound(CrossptError, LookupError):
    """A named file, task, backbone or source prompt does not exist."""

    exit_code = 4
    kind = "not-found"


class IntegrityError(CrossptError, ValueError):
    """A stored file is damaged, foreign, from a newer version, or belongs to another backbone."""

    exit_code = 5
    kind = "integrity"


class StorageError(CrossptError, OSError):
    """The registry could not be written; what was there is unchanged."""

    exit_code = 1
    kind = "storage"


class TrainingError(CrossptError, RuntimeError):
    """No trial gave a usable result."""

    exit_code = 1
    kind = "training"


class OutOfMemory(CrossptError, MemoryError):
    """Not even the smallest part of the work fits into the device's memory."""

    exit_code = 1
    kind = "memory"


class NotInstalled(CrossptError, ImportError):
    """A library is missing that only some uses need."""

    exit_code = 1
    kind = "not-installed"


class BudgetSpent(CrossptError, TimeoutError):
    """The time budget ended before there was anything to keep."""

    exit_code = 6
    kind = "budget"
