"""From a label as it stands in the file to words that a backbone has seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

COMMON = {
    "pos": "positive",
    "neg": "negative",
    "neu": "neutral",
    "y": "yes",
    "n": "no",
    "t": "yes",
    "f": "no",
    "true": "yes",
    "false": "no",
}
"""Words of labels that mean the same whatever the task; a template's own come first."""

MARKS = re.compile(r"[_/\\|:]+|(?<=\w)-+(?=\w)|(?<=[^\W\d_])\.(?=[^\W\d_])")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
NUMBERED = re.compile(r"(label|class|category|cat|type|group|id)? ?[\d.+-]+|\w")


def clean_label(label: str) -> str:
    """Return the label as lower-case words.

    Separators and camel case become spaces; a sign or a decimal point stays, and so does what tells ``C++`` from ``C``.

    Example:
        >>> [clean_label(label) for label in ("customer_service-refund", "playMusic", "LABEL_3", "-1.5")]
        ['customer service refund', 'play music', 'label 3', '-1.5']
    """
    text = unicodedata.normalize("NFKC", label).removeprefix("__label__")
    return " ".join(MARKS.sub(" ", CAMEL.sub(" ", text)).lower().split())


def is_code(label: str) -> bool:
    """Return whether the label is a single character or a number: it means something only beside the other labels."""
    cleaned = clean_label(label)
    return len(cleaned) == 1 or cleaned.lstrip("+-").isdigit()


def speaks(label: str) -> bool:
    """Return whether the label's name may mean something to a backbone: ``"card arrival"``, but not ``"LABEL_3"``."""
    cleaned = clean_label(label)
    return bool(re.search(r"[^\W\d_]{2}", cleaned)) and not NUMBERED.fullmatch(cleaned)


def known_words(template_words: Mapping[str, str], classes: Iterable[str]) -> dict[str, str]:
    """Return the words of those classes that are well-known labels.

    Codes (``0``, ``Y``) are looked up in one table, and only if it knows every code among the classes: ``0`` means
    *negative* beside ``1``, and nothing we know beside ``1`` and ``2``.

    Args:
        template_words: cleaned label → words, of the template.
        classes: the labels as they occur.

    Returns:
        Label as it occurs → words.
    """
    template_words = dict(template_words)
    cleaned = {label: clean_label(label) for label in classes}
    codes = {name for label, name in cleaned.items() if is_code(label)}
    code_words = next((table for table in (template_words, COMMON) if codes <= table.keys()), {})
    tables = {label: code_words if name in codes else COMMON | template_words for label, name in cleaned.items()}
    return {label: tables[label][name] for label, name in cleaned.items() if name in tables[label]}
