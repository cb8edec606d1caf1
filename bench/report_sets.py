"""How good is crosspt on sets that no choice was ever made on, beside what a person would pick instead?

    python bench/report_sets.py --data DATA --setfit-python PYTHON \\
        --encoder all-MiniLM-L6-v2=FOLDER --encoder all-mpnet-base-v2=FOLDER

DATA is the folder of the report sets, laid out like that of `onboardings.py`. Nothing is ever chosen on them, so they
are measured once after a change of accuracy. Started again, the script goes on after the last line. Without --data it
prints what is there.

Each set is onboarded at the quick budget from 4, 8 and 16 rows per class with 1,000 other training rows as rows without
labels; the same onboarding says what its prompt answers without them. Beside it on the same rows stand TF-IDF and the
frozen encoder with logistic regression, both by `onboardings.py`; logistic regression on the vectors of sentence
encoders, and at 16 rows per class SetFit from them, by `setfit.py`; and plain prompt tuning without a registry, by
`plain_prompt.py`. README.md says where the encoders come from. What is not named is not measured, and has no column.

SetFit is left out on the two sets of long texts, and all-mpnet-base-v2 is fine-tuned on one draw: on two cores a single
one of those takes hours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import onboardings
import plain_prompt
import setfit
from accuracy import differences, table
from lines import measure_missing, read_lines
from onboardings import Onboarding
from plain_prompt import PlainPrompt
from setfit import FineTuning

TARGETS = ("airline_tweets", "bug_reports", "clickbait", "medical_abstracts", "politeness", "reuters8")
SIZES = (4, 8, 16)  # rows per class
TUNED = 16  # rows per class of SetFit
LONG = ("medical_abstracts", "reuters8")  # texts of 100 to 200 words
TUNED_DRAWS = {"all-MiniLM-L6-v2": 3, "all-mpnet-base-v2": 1}
POOL = 1000
PLAIN = "plain prompt"
ENCODERS = tuple(TUNED_DRAWS)
COLUMNS = {
    "crosspt": "crosspt",
    "crosspt, pool": f"crosspt and {POOL:,} rows without labels",
    **{f"SetFit, {name}": f"SetFit on {name}" for name in ENCODERS},
    **{name: f"{name} + logistic regression" for name in ENCODERS},
    "encoder": "encoder + logistic regression",
    "TF-IDF": "TF-IDF + logistic regression",
    PLAIN: "plain prompt tuning",
}


@dataclass(frozen=True)
class Beside:
    """What stands beside crosspt: a `job` of another script, and the `way` by which its line is told from others."""

    way: str
    job: FineTuning | PlainPrompt

    @property
    def key(self) -> dict:
        """What makes a line this one's."""
        return {"way": self.way} | self.job.key


def measure(job: Onboarding | Beside) -> dict:
    """Return the line of one job, measured by the script that it belongs to."""
    if isinstance(job, Onboarding):
        return onboardings.measure(job)
    return plain_prompt.measure(job.job) if isinstance(job.job, PlainPrompt) else setfit.measure(job.job)


def jobs_of(
    data: Path,
    python: str,
    encoders: dict[str, str],
    draws: int,
    test_rows: int,
    plain: tuple[float, int] | None = None,
) -> list[Onboarding | Beside]:
    """Return all that is to be measured.

    Args:
        data: the folder of the report sets.
        python: that of an environment with setfit.
        encoders: name → folder, of those that can be had.
        draws: of rows.
        test_rows: of each set, at most.
        plain: learning rate and steps of plain prompt tuning; None leaves it out.
    """
    jobs: list[Onboarding | Beside] = []
    for draw in range(draws):
        for size in SIZES:
            for target in TARGETS:
                other = onboardings.next_of(TARGETS, target)
                jobs.append(Onboarding(data, target, other, size, draw, "quick", "mini", test_rows, POOL))
                jobs += [Beside(PLAIN, PlainPrompt(data, target, size, draw, test_rows, *plain))] if plain else []
                for name, folder in encoders.items():
                    tuned = size == TUNED and target not in LONG and draw < TUNED_DRAWS[name]
                    jobs.append(Beside(name, FineTuning(data, target, size, draw, test_rows, python, folder, tuned)))
    return jobs


def merged(lines: Sequence[dict]) -> list[dict]:
    """Return one line per set, size and draw, whose `balanced` has every column that was measured."""
    found: dict[tuple, dict] = {}
    for line in lines:
        key = {name: line[name] for name in ("target", "per_class", "draw")}
        found.setdefault(tuple(key.values()), key | {"balanced": {}})["balanced"].update(_columns(line))
    return sorted(found.values(), key=lambda line: (line["per_class"], line["target"], line["draw"]))


def _columns(line: dict) -> dict[str, float]:
    """Return the balanced accuracies that a line has, by column."""
    way, balanced = line.get("way"), line.get("balanced")
    if way == PLAIN:
        return {PLAIN: balanced}
    if way is not None:
        return {way: line["encoder"]["balanced"]} | ({} if balanced is None else {f"SetFit, {way}": balanced})
    without = line["unlabelled"]["balanced"]["without"]
    return {"crosspt": without, "crosspt, pool": balanced["crosspt"]} | {n: balanced[n] for n in ("encoder", "TF-IDF")}


def tables(lines: Sequence[dict]) -> str:
    """Return Markdown: balanced accuracy of every column that was measured, and what crosspt has more than others."""
    rows = merged(lines)
    columns = {name: title for name, title in COLUMNS.items() if any(name in row["balanced"] for row in rows)}
    parts = [table(rows, columns)]
    for name in ("crosspt", "crosspt, pool"):
        others = {other: title for other, title in columns.items() if other != name}
        if name in columns and others:
            parts += [f"{COLUMNS[name]} less each of the others, in points:", differences(rows, name, others)]
    return "\n\n".join(parts)


def main() -> None:
    """Measure what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the report sets; without it nothing new is measured")
    parser.add_argument("--setfit-python", default=sys.executable)
    parser.add_argument("--encoder", action="append", default=[], metavar="NAME=FOLDER", help=" or ".join(ENCODERS))
    parser.add_argument("--plain-prompt", metavar="RATE@STEPS", help="what plain_prompt.py prints")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--test-rows", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--out", type=Path, default=Path("bench/results/report.jsonl"))
    chosen = parser.parse_args()
    encoders = {name: str(Path(folder).resolve()) for name, folder in (each.split("=", 1) for each in chosen.encoder)}
    if unknown := sorted(set(encoders) - set(ENCODERS)):
        parser.error(f"--encoder knows {' and '.join(ENCODERS)}, not {', '.join(unknown)}")
    if chosen.data is not None:
        rate, _, steps = (chosen.plain_prompt or "").partition("@")
        plain = (float(rate), int(steps)) if rate else None
        jobs = jobs_of(chosen.data, chosen.setfit_python, encoders, chosen.draws, chosen.test_rows, plain)
        measure_missing(jobs, measure, chosen.out, chosen.workers)
    print(tables(read_lines(chosen.out)))


if __name__ == "__main__":
    main()
