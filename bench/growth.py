"""How fast do wrong answers become fewer with more rows? From the records of whole onboardings, without training.

    python bench/growth.py bench/results/accuracy-quick.jsonl bench/results/onboardings-quick.jsonl

For every data set and draw that has a line at 4 and one at 16 rows per class, two doublings apart: the logarithm of the
share of wrong answers (by balanced accuracy) that stays per doubling. It prints each data set's mean over draws, mean
and standard deviation over data sets, and how far single pairs of onboardings are from their data set's mean.
`search/forecast.py` has its constants from here. Where the lines have a corrected score it also prints what `add-task`
forecast with 4 rows per class for 16, beside what came, and how many 90 % intervals hold it. That is what the quick
budget forecasts, which measures no curve of its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from lines import read_lines

FEW, MORE, DOUBLINGS = 4, 16, 2


def log_ratios(lines: list[dict]) -> dict[str, np.ndarray]:
    """Return data set → log of wrong answers at 16 over those at 4 rows per class, one for each draw."""
    wrong = {(line["target"], line["per_class"], line["draw"]): 1 - line["balanced"]["crosspt"] for line in lines}
    found: dict[str, list[float]] = {}
    for target, size, draw in wrong:
        if size == MORE and (target, FEW, draw) in wrong:
            found.setdefault(target, []).append(np.log(wrong[target, MORE, draw] / wrong[target, FEW, draw]))
    return {target: np.array(each) for target, each in found.items()}


def forecasts(lines: list[dict]) -> np.ndarray:
    """Return what was forecast at 4 rows per class for 16, [pairs, 4]: the gain, its interval's ends, and what came."""
    from crosspt_cli.search.forecast import SPREAD, USUAL, LearningCurve

    by_key = {(line["target"], line["per_class"], line["draw"]): line for line in lines}
    found = []
    for (target, size, draw), line in by_key.items():
        later = by_key.get((target, MORE, draw))
        if size != FEW or later is None or "corrected" not in line:
            continue
        wrong = max(1 - line["corrected"], 0.5 / line["rows"])
        said = LearningCurve((), line["rows"], wrong, USUAL, SPREAD).gain(later["rows"] - line["rows"])
        came = later["balanced"]["crosspt"] - line["balanced"]["crosspt"]
        found.append((said.gain, said.low, said.high, came))
    return np.array(found)


def main() -> None:
    """Print a table for each file, and how forecasts held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="records of onboardings.py or accuracy.py")
    for name in parser.parse_args().files:
        ratios = log_ratios(read_lines(name))
        print(f"{name}\n\n| data set (draws) | per doubling |\n|---|---|")
        for target, each in ratios.items():
            print(f"| {target} ({len(each)}) | {each.mean() / DOUBLINGS:+.3f} |")
        means = np.array([each.mean() / DOUBLINGS for each in ratios.values()])
        print(f"| **mean ± standard deviation** | **{means.mean():+.3f} ± {means.std(ddof=1):.3f}** |")
        several = [each.var(ddof=1) for each in ratios.values() if len(each) > 1]
        print(f"\nOne pair of onboardings is {np.sqrt(np.mean(several)):.3f} from its data set's mean log ratio.\n")
        made = forecasts(read_lines(name))
        if len(made):
            gain, low, high, came = made.T
            held = np.count_nonzero((low <= came) & (came <= high))
            said = f"{100 * gain.mean():+.1f} points forecast, {100 * came.mean():+.1f} came"
            print(f"From {FEW} to {MORE} rows per class: {said};")
            print(f"{held} of {len(made)} 90 % intervals hold what came ({held / len(made):.0%}).\n")


if __name__ == "__main__":
    main()
