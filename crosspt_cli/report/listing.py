"""Registry entries and templates as plain values and plain tables; nothing heavy, so that lists come at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crosspt_cli.report.numbers import counted, percent

if TYPE_CHECKING:
    from crosspt_cli.registry import Entry, Finding

KINDS = {"backbone": "backbones", "source": "sources", "task": "tasks"}


def entry_dict(entry: Entry, whole: bool = False) -> dict[str, Any]:
    """Return an entry for scripts.

    Args:
        entry: of the registry.
        whole: with its manifest and folder.

    Returns:
        At least name, layer and sha256 (of the manifest, null when damaged), and the version that wrote a task.
    """
    found: dict[str, Any] = {"name": entry.name}
    if entry.kind == "source":
        found["backbone"] = entry.key[0]
    if entry.manifest and entry.kind == "task":
        found |= {"version": entry.manifest.crosspt_version, "created": entry.manifest.created}
    if entry.manifest and entry.kind == "source":
        found |= {"task": entry.manifest.task, "score": asdict(entry.manifest.score)}
    found |= {"layer": entry.layer, "sha256": entry.sha256 or None}
    if entry.problem:
        found["problem"] = entry.problem
    if whole:
        found |= {"path": str(entry.path), "manifest": asdict(entry.manifest) if entry.manifest else None}
    return found


def entries_dict(entries: Sequence[Entry], whole: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Return entries for scripts, by kind; every kind is there."""
    return {
        plural: [entry_dict(entry, whole) for entry in entries if entry.kind == kind] for kind, plural in KINDS.items()
    }


def entries_text(entries: Sequence[Entry]) -> str:
    """Return entries for people: a table for each kind."""
    return "\n\n".join(_kind_text(kind, [entry for entry in entries if entry.kind == kind]) for kind in KINDS)


def _kind_text(kind: str, entries: Sequence[Entry]) -> str:
    if not entries:
        return f"{KINDS[kind]}\n  none yet; {_HOW_TO_MAKE[kind]}"
    rows = [(f"  {entry.title}", entry.layer, entry.sha256[:12] or "damaged", _about(entry)) for entry in entries]
    return f"{KINDS[kind]}\n{aligned(rows)}"


_HOW_TO_MAKE = {
    "backbone": "--backbone takes a folder or a hub id.",
    "source": "'crosspt registry pretrain BANK.yaml' makes them.",
    "task": "'crosspt add-task FILE.csv --label-col COLUMN' makes one.",
}


def _about(entry: Entry) -> str:
    if entry.manifest is None:
        return entry.problem
    if entry.kind == "backbone":
        return f"{entry.manifest.width} wide"
    if entry.kind == "source":
        score = entry.manifest.score
        return f"{entry.manifest.task}, {percent(score.value)} {score.metric.replace('_', ' ')} on {score.rows:,} rows"
    return _about_task(entry)


def _about_task(entry: Entry) -> str:
    document = entry.manifest.document
    classes, backbone = document.get("classes"), document.get("backbone")
    parts = [
        counted(len(classes), "class", "classes") if isinstance(classes, list) else "",
        f"on {backbone['name']}" if isinstance(backbone, dict) and "name" in backbone else "",
        entry.manifest.created[:10],
    ]
    return ", ".join(part for part in parts if part)


def entry_text(entry: Entry) -> str:
    """Return an entry for people: what it is and where, then its manifest as YAML."""
    import yaml

    head = f"{entry.kind} {entry.title} ({entry.layer})\n{entry.path}"
    if entry.manifest is None:
        return f"{head}\n{entry.problem}"
    values = asdict(entry.manifest)
    values |= values.pop("document", {})
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(plain(values), Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"{head}\n\n{text.rstrip()}"


def plain(value: Any) -> Any:
    """Return the value with tuples as lists, as YAML wants them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def findings_dict(entries: int, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what checking a registry found, for scripts."""
    return {
        "ok": not any(finding.bad for finding in findings),
        "entries": entries,
        "findings": [asdict(finding) for finding in findings],
    }


def findings_text(entries: int, findings: Sequence[Finding]) -> str:
    """Return what checking a registry found, for people."""
    bad = sum(finding.bad for finding in findings)
    told = [f"{finding.where}: {finding.problem}\n  {finding.hint}" for finding in findings]
    read = f"{counted(entries, 'entry', 'entries')} read, every byte"
    result = f"{read}: {counted(bad, 'thing is', 'things are')} damaged." if bad else f"{read}: nothing is damaged."
    return "\n".join([*told, result])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines with their columns under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
