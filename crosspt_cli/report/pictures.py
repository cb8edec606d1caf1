"""The pictures of a report's page, as SVG: each 360 units wide, so that a phone shows its letters as they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosspt_cli.foundation.words import counted
from crosspt_cli.report.numbers import percent
from crosspt_cli.report.tables import label, name_of, ratio_name

if TYPE_CHECKING:
    from crosspt_cli.evidence.outcome import CandidateResult, Comparison
    from crosspt_cli.report.held_out_numbers import Bin
    from crosspt_cli.report.report_data import Report

WIDTH = 360
EDGE = 8
LINE = 40  # a name and what is drawn below it
CELL = (76, 56)
NUMBER = 54  # room for a number at the right, that nothing else runs through
NAMED = 28  # between two numbers below a picture, so that they do not touch
DOTS = {"as good": "dot", "worse": "dot hollow", "cannot tell": "dot open"}
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
MOST_TICKS = 6
ERRORS = 1.645  # standard errors to either side hold 90 % of a normal distribution


@dataclass(frozen=True)
class Scale:
    """Where values lie on a picture: `low` at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return a few round values between `low` and `high`."""
        span = self.high - self.low
        step = next((step for step in STEPS if span / step < MOST_TICKS), 0.5)
        return [number * step for number in range(math.ceil(self.low / step - 1e-9), int(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Shape:
    """One element of an SVG: its name, its attributes as they are written, and the letters in it."""

    tag: str
    attributes: Mapping[str, str]
    text: str = ""


@dataclass(frozen=True)
class Picture:
    """An SVG, in units of which a phone is `WIDTH` wide.

    Args:
        name: unique on the page.
        title: what it shows, for those who cannot see it.
        size: width and height.
        shapes: the later lie on the earlier.
    """

    name: str
    title: str
    size: tuple[float, float]
    shapes: Sequence[Shape]

    @property
    def view_box(self) -> str:
        """What of the plane is shown."""
        return "0 0 {:g} {:g}".format(*self.size)

    @property
    def style(self) -> str | None:
        """One that is wider than a phone keeps its width."""
        return f"min-width: {self.size[0]:g}px" if self.size[0] > WIDTH else None


def shape(tag: str, text: str = "", /, **attributes: float | str) -> Shape:
    """Return a shape; ``class_`` is class, ``text_anchor`` is text-anchor, and numbers are written short.

    Example:
        >>> dict(shape("line", x1=0.5, stroke_width=2.0, class_="zero").attributes)
        {'x1': '0.5', 'stroke-width': '2', 'class': 'zero'}
    """
    return Shape(tag, {name.rstrip("_").replace("_", "-"): _short(value) for name, value in attributes.items()}, text)


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{round(value, 2):g}"


def text(content: str, x: float, y: float, **attributes: float | str) -> Shape:
    """Return a line of letters."""
    return shape("text", content, x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Shape:
    """Return a line of some kind."""
    return shape("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def method_picture(methods: Mapping[str, Comparison]) -> Picture:
    """Return each simpler method's difference to the chosen candidate, as a dot in its interval."""
    from crosspt_cli.evidence.intervals import points

    ends = [end for each in methods.values() for end in each.difference.ends]
    low, high = min(0.0, *ends) - 0.02, max(0.0, *ends) + 0.02
    scale, bottom = Scale(low, high, EDGE, WIDTH - NUMBER), LINE * len(methods) + 4
    shapes = [line(scale(0), 0, scale(0), bottom, "zero")]
    backwards = list(methods.items())[::-1]
    for number, (name, each) in enumerate(backwards):
        estimate, y = each.difference, LINE * number + 30
        shapes += [
            text(name, EDGE, y - 15),
            text(points(estimate.value), WIDTH - EDGE, y - 15, text_anchor="end", class_="strong"),
            line(scale(estimate.low), y, scale(estimate.high), y, "range"),
            shape("circle", cx=scale(estimate.value), cy=y, r=5, class_=DOTS[each.outcome]),
        ]
    shapes += [
        text(
            "0" if not tick else points(tick).removesuffix(".0"),
            scale(tick),
            bottom + 16,
            text_anchor="middle",
            class_="quiet",
        )
        for tick in scale.ticks()
    ]
    said = "; ".join(f"{name} {points(each.difference.value)}, {each.outcome}" for name, each in backwards)
    title = f"Accuracy of simpler methods minus that of the chosen candidate, in percentage points: {said}."
    return Picture("methods", title, (WIDTH, bottom + 24), shapes)


def search_picture(report: Report) -> Picture:
    """Return what was tried as a grid of M by ratio, with accuracies and how far the folds are apart."""
    ms = sorted({each.candidate.m for each in report.candidates})
    ratios = sorted({each.candidate.lr_ratio for each in report.candidates})
    left, top, (wide, high) = 52, 20, CELL
    shapes = [
        text(ratio_name(ratio), left + (place + 0.5) * wide, 13, text_anchor="middle", class_="quiet")
        for place, ratio in enumerate(ratios)
    ]
    shapes += [text(f"M = {m}", 0, top + (place + 0.5) * high + 4, class_="quiet") for place, m in enumerate(ms)]
    means = [each.score.mean for each in report.candidates if each.state != "failed"]
    shade = Scale(min(means), max(means) + 1e-9, 0.05, 0.4)
    best = report.candidates[report.choice]
    for each in sorted(report.candidates, key=lambda each: each is best):  # the outline of the last lies on top
        x, y = left + ratios.index(each.candidate.lr_ratio) * wide, top + ms.index(each.candidate.m) * high
        kind = "chosen" if each is best else each.state
        shapes += _cell(each, kind, x, y, shade(each.score.mean) if each.state != "failed" else 0.0)
    tried = counted(len(report.candidates), "candidate")
    title = (
        f"{tried} by number of sources M and learning-rate ratio, with held-out accuracy; "
        f"chosen: {best.candidate}, {percent(best.score.mean)}. The table has all of them."
    )
    size = (left + len(ratios) * wide + 2, top + len(ms) * high + 2)
    return Picture("search", title, (max(WIDTH, size[0]), size[1]), shapes)


def _cell(tried: CandidateResult, kind: str, x: float, y: float, shade: float) -> list[Shape]:
    middle = x + CELL[0] / 2
    box = {"x": x + 2, "y": y + 2, "width": CELL[0] - 4, "height": CELL[1] - 4, "rx": 3}
    shapes = [
        shape("rect", **box, class_="shade", fill_opacity=shade),
        shape("rect", **box, class_=f"cell {kind}"),
    ]
    if tried.state == "failed":
        return [*shapes, text("failed", middle, y + 33, text_anchor="middle", class_="strong")]
    folds = f"{100 * min(tried.score.per_fold):.0f}–{100 * max(tried.score.per_fold):.0f}"
    word = "" if kind == "complete" else kind
    return [
        *shapes,
        text(percent(tried.score.mean), middle, y + 19, text_anchor="middle", class_="strong"),
        text(folds, middle, y + 33, text_anchor="middle", class_="small"),
        text(word, middle, y + 47, text_anchor="middle", class_="small"),
    ]


def attention_picture(shares: Mapping[str, float]) -> Picture:
    """Return the shares of the target prompt as bars."""
    shapes: list[Shape] = []
    for number, (name, share) in enumerate(shares.items()):
        y, full = LINE * number + 15, WIDTH - 2 * EDGE
        box = {"x": EDGE, "y": y + 6, "height": 12, "rx": 2}
        shapes += [
            text(label(name_of(name)), EDGE, y),
            text(percent(share), WIDTH - EDGE, y, text_anchor="end", class_="strong"),
            shape("rect", **box, width=full, class_="track"),
            shape("rect", **box, width=full * share, class_="bar"),
        ]
    said = ", ".join(f"{name_of(name)} {percent(share)}" for name, share in shares.items())
    return Picture("attention", f"Shares of the target prompt: {said}.", (WIDTH, LINE * len(shares)), shapes)


def reliability_picture(bins: Sequence[Bin]) -> Picture:
    """Return how many answers are right against how confident they are; on the dashed line both are equal."""
    lowest = min(min(each.confidence, each.accuracy.low) for each in bins)
    low = max(0.0, math.floor(10 * lowest - 0.5) / 10)  # with room for a number below
    x, y = Scale(low, 1.0, 44, WIDTH - 14), Scale(low, 1.0, 264, 14)
    shapes = [line(x(low), y(low), x(1), y(1), "same")]
    for tick in x.ticks():
        shapes += [
            line(x(tick), y(low), x(tick), y(1), "guide"),
            line(x(low), y(tick), x(1), y(tick), "guide"),
            text(f"{100 * tick:.0f}", x(tick), y(low) + 16, text_anchor="middle", class_="quiet"),
            text(f"{100 * tick:.0f}", x(low) - 6, y(tick) + 4, text_anchor="end", class_="quiet"),
        ]
    for number, each in enumerate(bins, 1):
        at, right = x(each.confidence), each.accuracy
        beside = y(right.high) - 5 if number % 2 else y(right.low) + 13  # neighbours may stand close
        shapes += [
            line(at, y(right.low), at, y(right.high), "range"),
            shape("circle", cx=at, cy=y(right.value), r=5, class_="dot"),
            text(str(number), at, beside, text_anchor="middle", class_="strong"),
        ]
    shapes += [
        text("mean confidence, %", (x(low) + x(1)) / 2, 298, text_anchor="middle", class_="quiet"),
        text("right, %", 0, 0, transform="translate(11 139) rotate(-90)", text_anchor="middle", class_="quiet"),
    ]
    said = "; ".join(
        f"{each.rows} rows, confidence {percent(each.confidence)}, right {percent(each.accuracy.value)}"
        for each in bins
    )
    return Picture("reliability", f"Held-out answers right against their confidence: {said}.", (WIDTH, 306), shapes)


def curve_picture(report: Report) -> Picture:
    """Return held-out accuracy by training rows, and what it should become with more; rows double by equal steps."""
    curve, corrected = report.curve, report.corrected.accuracy.value
    spans = [(each.rows, _around(each.accuracy, each.se)) for each in curve.points]
    band = [(float(report.rows), (corrected, corrected, corrected))] + [
        (
            float(report.rows + each.rows),
            tuple(min(1.0, max(0.0, corrected + gain)) for gain in (each.gain.value, each.gain.low, each.gain.high)),
        )
        for each in curve.forecasts
    ]
    every = [*spans, *band]
    low = max(0.0, math.floor(10 * min(values[1] for _, values in every) - 0.2) / 10)
    high = max(values[2] for _, values in every)
    x = Scale(math.log2(every[0][0]) - 0.2, math.log2(every[-1][0]) + 0.2, 44, WIDTH - 14)
    y = Scale(low, math.ceil(10 * high) / 10, 214, 14)
    shapes: list[Shape] = []
    for tick in y.ticks():
        shapes += [
            line(x.start, y(tick), x.end, y(tick), "guide"),
            text(f"{100 * tick:.0f}", x.start - 6, y(tick) + 4, text_anchor="end", class_="quiet"),
        ]
    ahead = [(x(math.log2(rows)), values) for rows, values in band]
    outline = [(at, y(values[1])) for at, values in ahead] + [(at, y(values[2])) for at, values in reversed(ahead)]
    shapes += [
        shape("polygon", points=_places(outline), class_="band"),
        shape("polyline", points=_places((at, y(values[0])) for at, values in ahead), class_="ahead"),
    ]
    for rows, (accuracy, lowest, highest) in spans:
        at = x(math.log2(rows))
        shapes += [
            line(at, y(lowest), at, y(highest), "range"),
            shape("circle", cx=at, cy=y(accuracy), r=5, class_="dot"),
        ]
    place = math.inf
    for at, rows in sorted(((x(math.log2(rows)), rows) for rows, _ in every), reverse=True):
        if place - at >= NAMED:
            shapes.append(text(f"{rows:.0f}", at, 230, text_anchor="middle", class_="quiet"))
            place = at
    shapes += [
        text("rows, doubling from left to right", (x.start + x.end) / 2, 248, text_anchor="middle", class_="quiet"),
        text("right, %", 0, 0, transform="translate(11 114) rotate(-90)", text_anchor="middle", class_="quiet"),
    ]
    measured = "; ".join(f"{each.rows:.0f} rows {percent(each.accuracy)}" for each in curve.points)
    title = f"Held-out accuracy by training rows: {measured}. {curve.sentence}"
    return Picture("curve", title, (WIDTH, 256), shapes)


def _around(accuracy: float, se: float) -> tuple[float, float, float]:
    """Return an accuracy and the ends of its 90 % interval."""
    return accuracy, max(0.0, accuracy - ERRORS * se), min(1.0, accuracy + ERRORS * se)


def _places(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
