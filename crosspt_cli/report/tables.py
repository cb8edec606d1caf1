"""The tables of a report's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosspt_cli.foundation.words import counted, cut
from crosspt_cli.report.numbers import percent, with_error

if TYPE_CHECKING:
    from crosspt_cli.evidence.forecast import LearningCurve
    from crosspt_cli.evidence.intervals import Estimate
    from crosspt_cli.evidence.outcome import CandidateResult
    from crosspt_cli.report.held_out_numbers import Bin
    from crosspt_cli.report.report_data import Report, Target

LABEL_SHOWN = 40  # characters
DARKEST = 0.45  # of a cell's shade, so that the number on it can be read


@dataclass(frozen=True)
class Table:
    """A table whose rows each begin with what they are about; the other cells are numbers."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def interval(estimate: Estimate | None) -> str:
    """Return a fraction's interval."""
    return "–" if estimate is None else f"{100 * estimate.low:.0f}–{100 * estimate.high:.0f} %"


def difference(estimate: Estimate) -> tuple[str, str]:
    """Return a difference in percentage points, and its interval."""
    from crosspt_cli.evidence.intervals import points

    return points(estimate.value), f"{points(estimate.low)} to {points(estimate.high)}"


def label(text: str) -> str:
    """Return a label, cut where it is too long for a cell."""
    return cut(text, LABEL_SHOWN)


def count(rows: float) -> str:
    """Return a number of rows; over several seeds it need not be whole."""
    return f"{rows:,.0f}" if rows == round(rows) else f"{rows:,.1f}"


def method_table(report: Report) -> Table:
    """Return the chosen candidate and, the simplest last, what it is compared with."""
    rows = [("as chosen", with_error(report.score.mean, report.score.se), "", "", "")]
    for name, each in reversed(report.verdict.methods.items()):
        rows.append((name, with_error(each.score.mean, each.score.se), *difference(each.difference), each.outcome))
    folds = f"held-out accuracy on {counted(report.folds, 'fold')}"
    header = (folds, "± standard error", "points", "90 % interval", "these rows say")
    return Table("Beside simpler methods, on the same rows and folds", header, rows)


def shade(rows: float, counts: Sequence[float]) -> str:
    """Return how dark a cell of the grid is, the more of its class's rows it has."""
    return f"{DARKEST * rows / max(1, sum(counts)):.2f}"


def confused_table(report: Report) -> Table:
    """Return the pairs of classes most often confused."""
    rows = [(label(each.given), label(each.answered), count(each.rows)) for each in report.confused]
    return Table("The pairs most often confused, on held-out rows", ("given", "answered", "rows"), rows)


def class_table(report: Report) -> Table:
    """Return rows, recall and precision of each class."""
    rows = [
        (
            label(each.label) if each.label == each.words else f"{label(each.label)} → {label(each.words)}",
            f"{each.rows:,}",
            percent(each.recall.value),
            interval(each.recall),
            percent(each.precision.value) if each.precision else "never answered",
            interval(each.precision),
        )
        for each in report.classes
    ]
    header = ("class", "rows", "recall", "90 % interval", "precision", "90 % interval")
    return Table("Each class on held-out rows, with Wilson intervals", header, rows)


def candidate_table(report: Report) -> Table:
    """Return everything that was tried."""
    rows = [
        (
            str(each.candidate),
            "chosen" if number == report.choice else each.state,
            f"{each.steps:,}",
            *_accuracy(each),
        )
        for number, each in enumerate(report.candidates)
    ]
    header = ("candidate", "state", "steps", "accuracy", "lowest to highest fold")
    return Table("All candidates, each at the steps at which it was best", header, rows)


def _accuracy(tried: CandidateResult) -> tuple[str, str]:
    """Return a candidate's accuracy and how far its folds are apart; one that failed has neither."""
    if tried.state == "failed":
        return "–", "–"
    score = tried.score
    return with_error(score.mean, score.se), f"{100 * min(score.per_fold):.0f}–{100 * max(score.per_fold):.0f} %"


def ratio_name(ratio: float) -> str:
    """Return what a learning-rate ratio is called."""
    return f"ratio {ratio:g}" if ratio else "attention only"


def source_table(report: Report) -> Table:
    """Return shares and worth of the sources."""
    sharing = report.sharing
    known = {name: difference(source.worth) for name, source in sharing.sources.items()}
    rows = [
        (name_of(name), percent(share), *known.get(name, ("not known", "–")))
        for name, share in report.attention.items()
    ]
    if sharing.against_alone:
        rows.append(("all sources, over a private prompt alone", "–", *difference(sharing.against_alone.worth)))
    header = ("prompt", "share", "worth in points", "90 % interval")
    return Table("Shares of the target prompt, and what accuracy is lost without each source", header, rows)


def name_of(source: str) -> str:
    """Return what a source is called; the private prompt is one too."""
    return "private prompt" if source == "private" else source


def bin_table(bins: Sequence[Bin]) -> Table:
    """Return the bins of the reliability diagram, by the numbers that it has."""
    rows = [
        (str(number), f"{each.rows:,}", percent(each.confidence), percent(each.accuracy.value), interval(each.accuracy))
        for number, each in enumerate(bins, 1)
    ]
    header = ("group", "rows", "mean confidence", "right", "90 % interval")
    return Table("Held-out rows in groups of equal size, the least confident first", header, rows)


def target_table(targets: Sequence[Target]) -> Table:
    """Return what `--target-accuracy` would do for some accuracies."""
    rows = []
    for each in targets:
        if each.threshold is not None and each.answered is not None:
            rows.append((percent(each.accuracy), "yes", percent(each.threshold), percent(each.answered)))
        else:
            needed = f"about {each.rows_needed:,} labelled rows would do" if each.rows_needed else "no number is known"
            rows.append((percent(each.accuracy), f"not yet; {needed}", "–", "–"))
    header = ("accuracy", "can be promised", "from confidence", "of held-out rows answered")
    return Table("What --target-accuracy could promise", header, rows)


def curve_table(curve: LearningCurve) -> Table:
    """Return what more rows should gain."""
    rows = [(f"{each.rows:,} more", *difference(each.gain)) for each in curve.forecasts]
    return Table("What more rows should gain", ("rows", "points", "90 % interval"), rows)
