"""Write CARD.md, the card of the shipped banks of source prompts, from the manifests in `registry/sources/`.

    python recipes/sources/card.py

Scores and licences are read, never typed, so that the card says what the files say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosspt_cli.registry import Manifest, parse_source

ROOT = Path(__file__).resolve().parents[2]
CARD = Path(__file__).with_name("CARD.md")

TITLE = """# The source prompts that ship

Made by `recipes/sources/card.py` from the manifests; [README.md](README.md) says how they were trained.
"""

HEAD = """
## For `{backbone}`

{count} prompts of {tokens} tokens × width {width} that enter before encoder layer {layer}, for the backbone with the
fingerprint `{fingerprint}…`.

| source | task | accuracy | held-out rows | training rows | licence of the data |
|---|---|---|---|---|---|
"""

EMPTY = "# The source prompts that ship\n\nNone has been trained yet; [README.md](README.md) says how it is done.\n"


def read_manifests(folder: Path) -> list[Manifest]:
    """Return the manifests of all source prompts below `folder`, by task and then by name."""
    found = [parse_source(path, path.read_bytes()) for path in folder.glob("*/*/manifest.yaml")]
    return sorted(found, key=lambda manifest: (manifest.task, manifest.name))


def card(manifests: Sequence[Manifest]) -> str:
    """Return the card of all backbones' banks as Markdown."""
    backbones = sorted({manifest.backbone for manifest in manifests})
    banks = [[each for each in manifests if each.backbone == name] for name in backbones]
    return TITLE + "".join(map(section, banks)) if banks else EMPTY


def section(manifests: Sequence[Manifest]) -> str:
    """Return the part of the card about one backbone's bank."""
    first = manifests[0]
    head = HEAD.format(
        backbone=first.backbone,
        count=len(manifests),
        tokens=first.prompt_tokens,
        width=first.width,
        layer=first.prompt_layer,
        fingerprint=first.fingerprint[:12],
    )
    return head + "".join(map(line, manifests))


def line(manifest: Manifest) -> str:
    """Return one source as a row of the table."""
    licences = "; ".join(dict.fromkeys(data.licence for data in manifest.data)).replace("|", r"\|")
    rows = sum(data.rows for data in manifest.data)
    score = f"{manifest.score.value:.1%}"
    return f"| `{manifest.name}` | {manifest.task} | {score} | {manifest.score.rows} | {rows} | {licences} |\n"


if __name__ == "__main__":
    CARD.write_text(card(read_manifests(ROOT / "registry" / "sources")), encoding="utf-8")
