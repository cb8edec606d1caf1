"""Registry entries and templates as plain values and plain tables; nothing heavy, so that lists come at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crosspt_cli.foundation.words import counted
from crosspt_cli.report.numbers import percent

if TYPE_CHECKING:
    from crosspt_cli.registry import Entry, Finding

UNKNOWN = "–"
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
        found |= {"version": entry.task.crosspt_version, "created": entry.task.created, **task_dict(entry)}
    if entry.manifest and entry.kind == "source":
        found |= {"task": entry.source.task, "score": asdict(entry.source.score)}
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


def entries_text(entries: Sequence[Entry], every: bool, now: datetime) -> str:
    """Return entries for people: a table for each kind, the person's tasks first.

    Args:
        entries: of the registry.
        every: with a line for each source prompt that ships; else one line for all of them.
        now: UTC, to tell ages.
    """
    of = {kind: [entry for entry in entries if entry.kind == kind] for kind in KINDS}
    return "\n\n".join((_tasks_text(of["task"], now), _sources_text(of["source"], every), _kind_text("backbone", of)))


def _tasks_text(entries: Sequence[Entry], now: datetime) -> str:
    if not entries:
        return _none_yet("task")
    header = ("tasks", "corrected accuracy", "rows", "classes", "made", "backbone")
    whole = [entry for entry in entries if entry.manifest]
    damaged = [(f"  {entry.name}", f"damaged: {entry.problem}") for entry in entries if not entry.manifest]
    table = [aligned([header, *(_task_row(entry, now) for entry in whole)])] if whole else ["tasks"]
    return "\n".join([*table, *([aligned(damaged)] if damaged else [])])


def _task_row(entry: Entry, now: datetime) -> tuple[str, ...]:
    known = task_dict(entry)
    accuracy, backbone = known["accuracy"], entry.task.document.get("backbone")
    return (
        f"  {entry.name}",
        accuracy_text(accuracy) if accuracy else UNKNOWN,
        UNKNOWN if known["rows"] is None else f"{known['rows']:,}",
        UNKNOWN if known["classes"] is None else f"{known['classes']:,}",
        age(entry.task.created, now),
        str(backbone.get("name", UNKNOWN)) if isinstance(backbone, dict) else UNKNOWN,
    )


def task_dict(entry: Entry) -> dict[str, Any]:
    """Return what a list shows of a task, None for what its manifest does not say: earlier versions wrote less."""
    document = entry.task.document
    accuracy, rows, classes = document.get("accuracy"), document.get("rows"), document.get("classes")
    sound = isinstance(accuracy, dict) and isinstance(accuracy.get("corrected"), (int, float))
    return {
        "accuracy": accuracy if sound else None,
        "rows": rows if isinstance(rows, int) else None,
        "classes": len(classes) if isinstance(classes, list) else None,
    }


def accuracy_text(accuracy: Mapping[str, Any]) -> str:
    """Return a stored accuracy with its interval, e.g. ``"88.2 % (80–94)"``."""
    low, high = accuracy.get("interval") or (None, None)
    return percent(accuracy["corrected"]) + (
        f" ({100 * low:.0f}–{100 * high:.0f})" if low is not None and high is not None else ""
    )


def age(created: str, now: datetime) -> str:
    """Return how long ago something was made, and its date when that is months.

    Example:
        >>> age("2026-05-01T10:00:00Z", datetime.fromisoformat("2026-05-03T11:00:00Z"))
        '2 days ago'
    """
    try:
        seconds = (now - datetime.fromisoformat(created)).total_seconds()
    except (ValueError, TypeError):  # written by hand
        return created
    for unit, length, most in (("minute", 60, 60), ("hour", 3600, 48), ("day", 86_400, 60)):
        if 0 <= seconds < length * most:
            return f"{counted(int(seconds // length), unit)} ago" if seconds >= length else "just now"
    return created[:10]


def _sources_text(entries: Sequence[Entry], every: bool) -> str:
    own = [entry for entry in entries if every or entry.layer == "personal"]
    if not entries:
        return _none_yet("source")
    lines = [aligned([_row(entry) for entry in own])] if own else []
    folded = Counter(entry.key[0] for entry in entries if entry not in own)
    if folded:
        names = ", ".join(f"{count} for {backbone}" for backbone, count in folded.items())
        lines.append(f"  {folded.total()} ship with crosspt: {names}; --all lists them.")
    return "\n".join(["sources", *lines])


def _kind_text(kind: str, of: Mapping[str, Sequence[Entry]]) -> str:
    return f"{KINDS[kind]}\n{aligned([_row(entry) for entry in of[kind]])}" if of[kind] else _none_yet(kind)


def _row(entry: Entry) -> tuple[str, ...]:
    return (f"  {entry.title}", entry.layer, entry.sha256[:12] or "damaged", _about(entry))


def _none_yet(kind: str) -> str:
    return f"{KINDS[kind]}\n  none yet; {_HOW_TO_MAKE[kind]}"


_HOW_TO_MAKE = {
    "backbone": "--backbone takes a folder or a hub id.",
    "source": "'crosspt registry pretrain BANK.yaml' makes them.",
    "task": "'crosspt add-task FILE.csv --label-col COLUMN' makes one.",
}


def _about(entry: Entry) -> str:
    if entry.manifest is None:
        return entry.problem
    if entry.kind == "backbone":
        return f"{entry.backbone.width} wide"
    score = entry.source.score
    return f"{entry.source.task}, {percent(score.value)} {score.metric.replace('_', ' ')} on {score.rows:,} rows"


def entry_text(entry: Entry, summary: str | None = None) -> str:
    """Return an entry for people: what it is and where, and then all of its manifest as YAML.

    Args:
        entry: of the registry.
        summary: of a task's onboarding, shown in their place; "" says that none is kept.
    """
    import yaml

    if summary:
        return summary
    head = f"{entry.kind} {entry.title} ({entry.layer})\n{entry.path}\nsha256 {entry.sha256 or 'unknown'}"
    if entry.manifest is None:
        return f"{head}\n{entry.problem}"
    head += f"\n{_NO_SUMMARY}" if summary == "" else ""
    values = asdict(entry.manifest)
    values |= values.pop("document", {})
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(plain(values), Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"{head}\n\n{text.rstrip()}"


_NO_SUMMARY = "No summary is kept with it: it was made from Python, or by an earlier version. This is its manifest."


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
