"""Source prompts and the backbone they fit: nothing but an equal fingerprint will do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crosspt_cli.foundation.axes import require_shape
from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.registry.arrays import parse_arrays
from crosspt_cli.registry.documents import MEND
from crosspt_cli.registry.entries import Entry, read_files
from crosspt_cli.registry.manifest import Manifest, SourcePrompt

if TYPE_CHECKING:
    import numpy as np

PROMPT_FILE = "prompt.safetensors"
_ARRAY = "prompt"


class KnownBackbone(Protocol):
    """What must be known of a backbone to choose its prompts; manifests and loaded backbones both have it."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def width(self) -> int: ...


def check_fits(title: str, manifest: Manifest, backbone: KnownBackbone) -> None:
    """Return if the prompt was trained on exactly this backbone.

    Raises:
        IntegrityError: it was trained on another; says whether even the width differs.
    """
    if manifest.fingerprint == backbone.fingerprint:
        return
    if manifest.width != backbone.width:
        problem = f"this prompt is {manifest.width} wide, and {backbone.name} is {backbone.width} wide."
    else:
        problem = (
            f"this prompt is {manifest.width} wide as {backbone.name} is, but was trained on other weights "
            f"(fingerprint {manifest.fingerprint[:12]}…, not {backbone.fingerprint[:12]}…): not interchangeable."
        )
    hint = f"It was trained for {manifest.backbone}. Pass --backbone {manifest.backbone}, or leave it out."
    raise IntegrityError(title, problem, hint)


def check_values(values: np.ndarray, manifest: Manifest) -> None:
    """Return if the values have the shape the manifest gives; anything else is a mistake in the calling code.

    Args:
        values: [P, H].
        manifest: gives P and H.
    """
    require_shape(f"prompt {manifest.name!r}", values.shape, "P H", P=manifest.prompt_tokens, H=manifest.width)


def read_prompt(folder: Path, entry: Entry) -> SourcePrompt:
    """Return the prompt in an entry's folder.

    Raises:
        IntegrityError: a file is missing or differs from its digest, or the array has another name, type or shape.
    """
    contents = read_files(folder, entry)
    where, manifest = folder / PROMPT_FILE, entry.source
    if PROMPT_FILE not in contents:
        raise IntegrityError(str(folder), f"the manifest does not name {PROMPT_FILE}.", MEND)
    arrays = parse_arrays(where, contents[PROMPT_FILE])
    if set(arrays) != {_ARRAY}:
        raise IntegrityError(str(where), f"holds {sorted(arrays)}, and must hold {_ARRAY!r} only.", MEND)
    shape, wanted = arrays[_ARRAY].shape, (manifest.prompt_tokens, manifest.width)
    if shape != wanted:
        raise IntegrityError(str(where), f"the prompt is {list(shape)}, and the manifest says {list(wanted)}.", MEND)
    return SourcePrompt(arrays[_ARRAY], manifest)
