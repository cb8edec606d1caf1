"""Where things lie: what is shipped with the package, and what belongs to the person."""

from __future__ import annotations

import os
import re
from pathlib import Path

from crosspt_cli.foundation.errors import OptionError

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def shipped(folder: str) -> Path:
    """Return the shipped `registry` or `templates` folder.

    A wheel carries them inside the package (`crosspt_cli/_shipped/`); a checkout has them beside it.
    """
    package = Path(__file__).resolve().parent.parent
    inside = package / "_shipped" / folder
    return inside if inside.is_dir() else package.parent / folder


def personal_registry() -> Path:
    """Return the person's own, writable registry: `CROSSPT_HOME`, else the platform's user data folder."""
    home = os.environ.get("CROSSPT_HOME")
    if home:
        return Path(home).expanduser()
    from platformdirs import user_data_path

    return user_data_path("crosspt", appauthor=False)


def checked_name(name: str, what: str = "task") -> str:
    """Return `name` if it can be a folder name on every platform.

    Raises:
        OptionError: it has separators, upper-case letters, `..`, or is too long.
    """
    if NAME.fullmatch(name) and ".." not in name:
        return name
    raise OptionError(
        f"{what} name {name[:80]!r}",
        "names have 1 to 64 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit.",
        f"'{suggested_name(name)}' would do.",
    )


def suggested_name(text: str) -> str:
    """Return the nearest allowed name to any text, e.g. ``"My Tickets.csv"`` → ``"my-tickets.csv"``."""
    cleaned = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")
    return re.sub(r"\.{2,}", ".", cleaned)[:64] or "task"
