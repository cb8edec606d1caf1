"""A backbone's tokenizer without the backbone: what can be told of texts and label words before torch is loaded."""

from __future__ import annotations

from crosspt_cli.core.tokenizer import Tokenizer, read_tokenizer
from crosspt_cli.reading.backbones import default_backbone, find_backbone
from crosspt_cli.registry import Registry


def open_tokenizer(name: str | None, registry: Registry) -> Tokenizer:
    """Return the tokenizer of a backbone, found as `open_backbone` finds it, without loading any weights.

    Raises:
        NotFound: there is no such backbone.
        NotInstalled: what reads its tokenizer is missing.
        IntegrityError: its files are damaged or missing.
    """
    name = name or default_backbone()
    return read_tokenizer(find_backbone(name, registry)[0], name)
