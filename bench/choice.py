"""How good is the choice among candidates? Other rules on the records of `onboardings.py`, without training anything.

    python bench/choice.py bench/results/onboardings-quick.jsonl

Every line of `onboardings.py` keeps the utility of each candidate of the study on held-out rows, row by row, and its
accuracy on the test rows after a final fit. A rule sees the former and is judged on the latter. Tasks of more than 400
rows keep no row-by-row scores and are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import read_lines

Rule = Callable[[list[dict]], dict]


def simplest_within(errors: float) -> Rule:
    """Return the rule that takes the simplest candidate within so many standard errors of the best."""

    def rule(candidates: list[dict]) -> dict:
        best = np.array(max(candidates, key=lambda each: each["mean_utility"])["utility"])
        near = []
        for each in candidates:
            behind = best - np.array(each["utility"])
            if behind.mean() <= errors * behind.std(ddof=1) / np.sqrt(len(behind)):
                near.append(each)
        return min(near, key=lambda each: (each["lr_ratio"] > 0, each["m"], each["lr_ratio"]))

    return rule


def by_rows_alone(rule: Rule) -> Rule:
    """Return the rule that does not hold against a candidate how improbable its readout's weight was beforehand."""

    def rule_without_prior(candidates: list[dict]) -> dict:
        from crosspt_cli.search.readouts import WEIGHTS

        seen = []
        for each in candidates:
            of_prior = np.log(WEIGHTS[each["weight"]]) / len(each["utility"])
            changed = {"utility": np.array(each["utility"]) - of_prior, "mean_utility": each["mean_utility"] - of_prior}
            seen.append(each | changed)
        return rule(seen)

    return rule_without_prior


def always(name: str) -> Rule:
    """Return the rule that never looks, and always takes the same candidate."""
    return lambda candidates: next(each for each in candidates if each["candidate"] == name)


USED = "half a standard error, simplest (used)"
RULES: dict[str, Rule] = {
    "one standard error, simplest": simplest_within(1.0),
    USED: simplest_within(0.5),
    "the same, by rows alone, without the prior on weights": by_rows_alone(simplest_within(0.5)),
    "best held-out utility": simplest_within(0.0),
    "best on the test rows (cannot be known)": lambda candidates: max(candidates, key=lambda each: each["balanced"]),
}


def main() -> None:
    """Print mean balanced accuracy per rule and number of rows per class."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="records of onboardings.py")
    lines = [line for line in read_lines(parser.parse_args().file) if line["rows"] <= 400]
    sizes = sorted({line["per_class"] for line in lines})
    print(f"| rule | {' | '.join(f'{size} per class' for size in sizes)} |")
    print("|---" * (len(sizes) + 1) + "|")
    names = [each["candidate"] for each in lines[0]["candidates"]]
    for name, rule in (RULES | {f"always {name}": always(name) for name in names}).items():
        means = [
            np.mean([rule(line["candidates"])["balanced"] for line in lines if line["per_class"] == size])
            for size in sizes
        ]
        print(f"| {name} | {' | '.join(f'{100 * mean:.1f}' for mean in means)} |")
    counts = [sum(line["per_class"] == size for line in lines) for size in sizes]
    print(f"\nOnboardings: {', '.join(map(str, counts))}.", end=" ")
    same = sum(RULES[USED](line["candidates"])["candidate"] == line["chosen"] for line in lines)
    print(f"The rule used chooses what `add-task` chose in {same} of {len(lines)}; kept utilities are rounded.")


if __name__ == "__main__":
    main()
