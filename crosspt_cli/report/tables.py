"""The tables of a report's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crosspt_cli.foundation.words import counted, cut
from crosspt_cli.report.markup import Markup, element, joined
from crosspt_cli.report.numbers import percent, with_error

if TYPE_CHECKING:
    from crosspt_cli.report.held_out_numbers import Estimate, HardRow
    from crosspt_cli.report.report_data import CalibrationNumbers, Curve, Report, Tried

LABEL_SHOWN = 40  # characters
DARKEST = 0.45  # of a cell's shade, so that the number on it can be read


def data_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """Return a table whose rows each begin with what they are about; the other cells are numbers."""
    head = [element("th", name, scope="col") for name in header]
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in rest))
        for first, *rest in rows
    ]
    return framed(caption, head, [element("tbody", *body)])


def framed(caption: str, head: Sequence[Markup], bodies: Sequence[Markup], kind: str | None = None) -> Markup:
    """Return a table in a frame of its own, which a narrow screen or a keyboard can move sideways.

    Args:
        caption: what it is.
        head: the cells of its first row.
        bodies: groups of rows.
        kind: its class in the page's style.
    """
    parts = (element("caption", caption), element("thead", element("tr", *head)), *bodies)
    return element(
        "div", element("table", *parts, class_=kind), class_="wide", tabindex=0, role="region", aria_label=caption
    )


def interval(estimate: Estimate | None) -> str:
    """Return a fraction's interval."""
    return "–" if estimate is None else f"{100 * estimate.low:.0f}–{100 * estimate.high:.0f} %"


def difference(estimate: Estimate | None) -> tuple[str, str]:
    """Return a difference in percentage points, and its interval."""
    from crosspt_cli.evidence.intervals import points

    if estimate is None:
        return "–", "–"
    return points(estimate.value), f"{points(estimate.low)} to {points(estimate.high)}"


def label(text: str) -> str:
    """Return a label, cut where it is too long for a cell."""
    return cut(text, LABEL_SHOWN)


def count(rows: float) -> str:
    """Return a number of rows; over several seeds it need not be whole."""
    return f"{rows:,.0f}" if rows == round(rows) else f"{rows:,.1f}"


def method_table(report: Report) -> Markup:
    """Return the chosen candidate and, the simplest last, what it is compared with."""
    accuracy = report.accuracy
    rows = [("as chosen", with_error(accuracy.mean, accuracy.se), "", "", "")]
    for each in reversed(report.methods):
        rows.append((each.name, with_error(each.mean, each.se), *difference(each.difference), each.outcome))
    folds = f"held-out accuracy on {counted(report.folds, 'fold')}"
    header = (folds, "± standard error", "points", "90 % interval", "these rows say")
    return data_table("Beside simpler methods, on the same rows and folds", header, rows)


def confusion_table(report: Report) -> Markup:
    """Return the grid of given and answered labels; a cell is darker the more of its class's rows it has."""
    names = [each.label for each in report.classes]
    head = [element("th", "given ↓  answered →", scope="col"), *(_head(name, "col") for name in names)]
    body = []
    for given, (name, counts) in enumerate(zip(names, report.confusion or (), strict=True)):
        cells = [
            element(
                "td",
                element("strong", count(rows)) if given == answered else count(rows),
                class_="right" if given == answered else "wrong",
                style=f"--shade: {DARKEST * rows / max(1, sum(counts)):.2f}",
            )
            for answered, rows in enumerate(counts)
        ]
        body.append(element("tr", _head(name, "row"), *cells))
    caption = "Held-out rows by given and answered label; right answers on the diagonal, in bold"
    return framed(caption, head, [element("tbody", *body)], "grid")


def _head(name: str, scope: str) -> Markup:
    return element("th", label(name), scope=scope, title=name if label(name) != name else None)


def confused_table(report: Report) -> Markup:
    """Return the pairs of classes most often confused."""
    rows = [(label(each.given), label(each.answered), count(each.rows)) for each in report.confused]
    return data_table("The pairs most often confused, on held-out rows", ("given", "answered", "rows"), rows)


def class_table(report: Report) -> Markup:
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
    return data_table("Each class on held-out rows, with Wilson intervals", header, rows)


def candidate_table(report: Report) -> Markup:
    """Return everything that was tried."""
    rows = [
        (
            each.name,
            "chosen" if each.chosen else each.state,
            f"{each.steps:,}",
            *_accuracy(each),
        )
        for each in report.candidates
    ]
    header = ("candidate", "state", "steps", "accuracy", "lowest to highest fold")
    return data_table("All candidates, each at the steps at which it was best", header, rows)


def _accuracy(tried: Tried) -> tuple[str, str]:
    """Return a candidate's accuracy and how far its folds are apart; one that failed has neither."""
    if tried.state == "failed" or tried.se is None:
        return "–", "–"
    folds = f"{100 * min(tried.per_fold):.0f}–{100 * max(tried.per_fold):.0f} %"
    return with_error(tried.accuracy, tried.se), folds


def ratio_name(ratio: float) -> str:
    """Return what a learning-rate ratio is called."""
    return f"ratio {ratio:g}" if ratio else "attention only"


def source_table(report: Report) -> Markup:
    """Return shares and worth of the sources."""
    rows = [
        (name_of(each.name), percent(each.share), *(difference(each.worth) if each.worth else ("not known", "–")))
        for each in report.attention
    ]
    if report.against_alone:
        rows.append(("all sources, over a private prompt alone", "–", *difference(report.against_alone)))
    header = ("prompt", "share", "worth in points", "90 % interval")
    return data_table("Shares of the target prompt, and what accuracy is lost without each source", header, rows)


def name_of(source: str) -> str:
    """Return what a source is called; the private prompt is one too."""
    return "private prompt" if source == "private" else source


def bin_table(calibration: CalibrationNumbers) -> Markup:
    """Return the bins of the reliability diagram, by the numbers that it has."""
    rows = [
        (str(number), f"{each.rows:,}", percent(each.confidence), percent(each.accuracy.value), interval(each.accuracy))
        for number, each in enumerate(calibration.bins, 1)
    ]
    header = ("group", "rows", "mean confidence", "right", "90 % interval")
    return data_table("Held-out rows in groups of equal size, the least confident first", header, rows)


def target_table(calibration: CalibrationNumbers) -> Markup:
    """Return what `--target-accuracy` would do for some accuracies."""
    rows = []
    for each in calibration.targets:
        if each.threshold is not None and each.answered is not None:
            rows.append((percent(each.accuracy), "yes", percent(each.threshold), percent(each.answered)))
        else:
            needed = f"about {each.rows_needed:,} labelled rows would do" if each.rows_needed else "no number is known"
            rows.append((percent(each.accuracy), f"not yet; {needed}", "–", "–"))
    header = ("accuracy", "can be promised", "from confidence", "of held-out rows answered")
    return data_table("What --target-accuracy could promise", header, rows)


def curve_table(curve: Curve) -> Markup:
    """Return what more rows should gain."""
    rows = [(f"{each.rows:,} more", *difference(each.gain)) for each in curve.forecasts]
    return data_table("What more rows should gain", ("rows", "points", "90 % interval"), rows)


def hard_table(rows: Sequence[HardRow], columns: Sequence[str]) -> Markup:
    """Return the hardest rows; texts stand below the numbers, as wide as the page."""
    header = ("row", "given label", "likely label", "probability of the given one")
    head = [element("th", name, scope="col") for name in header]
    groups = [element("tbody", *_hard_row(each, columns)) for each in rows]
    return framed("The rows whose given label got the least probability when they were held out", head, groups, "rows")


def _hard_row(row: HardRow, columns: Sequence[str]) -> list[Markup]:
    mark = [" ", element("strong", "label probably wrong", class_="mark")] if row.suspect else []
    likely = "as given" if row.given == row.likely else f"{label(row.likely)} ({percent(row.likely_share)})"
    numbers = element(
        "tr",
        element("th", f"{row.file}:{row.line}", *mark, scope="row"),
        *(element("td", cell) for cell in (label(row.given), likely, percent(row.given_share))),
    )
    if row.texts is None:
        return [numbers]
    named = len(columns) > 1
    texts = (
        element("p", *([element("b", f"{name}: ")] if named else []), text, dir="auto")
        for name, text in zip(columns, row.texts, strict=True)
    )
    return [numbers, element("tr", element("td", joined(texts), colspan=4, class_="text"))]
