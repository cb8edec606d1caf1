"""What a person reads who named an entry that does not exist, or one that exists already."""

from __future__ import annotations

from collections.abc import Sequence

from crosspt_cli.foundation.errors import NotFound, OptionError
from crosspt_cli.foundation.words import with_nearest

_HOW_TO_MAKE = {
    "task": "'crosspt add-task FILE.csv --label-col COLUMN' makes one.",
    "source prompt": "'crosspt registry pretrain BANK.yaml' makes them.",
    "backbone": "Pass --backbone with a folder or a hub id.",
    "entry": "'crosspt add-task FILE.csv --label-col COLUMN' makes a task.",
}


def not_found(word: str, name: str, present: Sequence[str], of: str = "") -> NotFound:
    """Return the error for a name that is not there, with the nearest one that is.

    Args:
        word: the kind of entry, as in a sentence.
        name: what the person typed.
        present: the names there are.
        of: what they belong to, e.g. ``" for mini"``.
    """
    problem = f"no {word} named {with_nearest(name, present, of)}{'' if present else '; there is none yet'}."
    # without --all the sources that ship are folded into one line
    listing = "crosspt registry list --all" if word in ("source prompt", "entry") else "crosspt registry list"
    hint = f"'{listing}' shows all {len(present)}." if present else _HOW_TO_MAKE[word]
    return NotFound("registry", problem, hint)


def exists_already(word: str, name: str) -> OptionError:
    """Return the error for a name that is taken."""
    article = "an" if word[0] in "aeiou" else "a"
    other = {"task": ", or --name for another name", "source prompt": ", or change its name in the bank file"}
    hint = f"Use --replace to replace it{other.get(word, '')}."
    return OptionError("registry", f"{article} {word} named {name!r} exists already.", hint)
