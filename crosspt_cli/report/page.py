"""A task's report as one page of HTML that needs nothing else: no network, no scripts, no fonts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crosspt_cli.foundation.words import counted
from crosspt_cli.report.markup import Markup, element
from crosspt_cli.report.numbers import at_most, duration, percent, with_error
from crosspt_cli.report.page_style import STYLE
from crosspt_cli.report.pictures import (
    attention_picture,
    curve_picture,
    method_picture,
    reliability_picture,
    search_picture,
)
from crosspt_cli.report.summary import readout_text, words_text
from crosspt_cli.report.tables import (
    bin_table,
    candidate_table,
    class_table,
    confused_table,
    confusion_table,
    curve_table,
    hard_table,
    interval,
    method_table,
    source_table,
    target_table,
)

if TYPE_CHECKING:
    from crosspt_cli.report.report_data import Report

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load and run for the page: nothing. The file says so itself, whoever sends it on."""


def report_page(report: Report) -> str:
    """Return the whole page, to be saved as UTF-8.

    Args:
        report: from `make_report`.

    Example:
        >>> Path("report.html").write_text(report_page(make_report("reviews")))  # doctest: +SKIP
    """
    sections = {
        "verdict": ("Would something simpler do?", _verdict(report)),
        "answers": ("What is taken for what", _answers(report)),
        "search": ("What was tried", _search(report)),
        "sources": ("Where the prompt comes from", _sources(report)),
        "confidence": ("How far confidences can be trusted", _confidence(report)),
        "more": ("What more rows should bring", _more_rows(report)),
        "rows": ("The hardest rows", _rows(report)),
    }
    links = [element("a", title, href=f"#{name}") for name, (title, _) in sections.items()]
    body = element(
        "body",
        element("header", *_head(report)),
        element("nav", *links, aria_label="Sections"),
        element("main", *(_section(name, title, parts) for name, (title, parts) in sections.items())),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{report.task}: report of crosspt"),
        element("style", Markup(STYLE)),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _section(name: str, title: str, parts: Sequence[Markup]) -> Markup:
    return element("section", element("h2", title), *parts, id=name)


def _p(*content: str, kind: str | None = None) -> Markup:
    return element("p", *content, class_=kind)


def _figure(shape: Markup, caption: str) -> Markup:
    return element("figure", shape, element("figcaption", caption))


def _head(report: Report) -> list[Markup]:
    accuracy = report.accuracy
    classes = counted(len(report.classes), "class", "classes")
    corrected = accuracy.corrected
    scores = (
        (f"{100 * corrected.value:.0f} %", f"accuracy to expect; 90 % interval {interval(corrected)}"),
        (with_error(accuracy.mean, accuracy.se), f"of held-out rows right, ± standard error{_because(accuracy.why)}"),
    )
    return [
        element("h1", report.task),
        _p(f"{counted(report.rows, 'row')}, {classes}, on the backbone {report.backbone}", kind="quiet"),
        element("ul", *(element("li", element("b", number), what) for number, what in scores), class_="scores"),
        _p(report.verdict, kind="verdict"),
        _facts(report),
        _p("Made by this command, in the folder where its files are (with --replace while the task is there):"),
        element("pre", element("code", report.origin.command)),
    ]


def _because(why: str) -> str:
    return f"; not the number to expect: {why}" if why else ""


def _facts(report: Report) -> Markup:
    origin, made = report.origin, report.origin.made
    libraries = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    words = words_text([each.label for each in report.classes], [each.words for each in report.classes])
    facts = (
        ("made", f"{origin.created[:16].replace('T', ' ')} UTC, in {duration(made.seconds)}"),
        ("on", f"{made.device} ({made.dtype}){at_most(made.peak_memory_mb)}"),
        ("columns", f"{', '.join(report.text_columns)} → {report.label_column}"),
        ("template", report.template),
        ("label words", words),
        ("budget, seed", f"{made.budget}, {origin.seed}"),
        ("versions", f"crosspt {origin.crosspt_version}, {libraries}"),
    )
    return element("dl", *(part for name, fact in facts for part in (element("dt", name), element("dd", fact))))


def _verdict(report: Report) -> list[Markup]:
    from crosspt_cli.evidence.intervals import MARGIN, points

    accuracy, corrected = report.accuracy, report.accuracy.corrected
    right = with_error(accuracy.mean, accuracy.se)
    why = f": {accuracy.why}" if accuracy.why else ""
    luck = (
        f"Of the held-out rows {right} are right, and {percent(corrected.value)} is what to expect{why}. Nine of ten "
        f"such intervals ({interval(corrected)}) hold the accuracy on rows like these."
    )
    caption = (
        "Percentage points more or less than the chosen candidate (dashed), with 90 % intervals. Filled: as good, for "
        f"the interval lies above {points(-MARGIN).removesuffix('.0')}. Hollow: worse, for it lies below 0. Grey: "
        "these rows cannot tell."
    )
    return [
        _p(report.verdict, kind="verdict"),
        *([_p(report.sharing, kind="verdict")] if report.sharing else []),
        _p(luck),
        _figure(method_picture(report.methods), caption),
        method_table(report),
    ]


def _answers(report: Report) -> list[Markup]:
    parts = [_p("Every row was held out once; these are the answers it got then, from prompts that never saw it.")]
    if report.seeds > 1:
        parts.append(_p(f"Rows are averages over {report.seeds} seeds, so they need not be whole.", kind="quiet"))
    if report.confusion is not None:
        parts.append(confusion_table(report))
    elif report.confused:
        count = len(report.classes)
        many = f"A grid of {count} classes could not be read, so only the pairs most often confused are shown."
        parts += [_p(many), confused_table(report)]
    else:
        parts.append(_p("No row was answered wrongly."))
    return [*parts, class_table(report)]


def _search(report: Report) -> list[Markup]:
    trials = ", ".join(f"{count:,} {state}" for state, count in report.trials.items())
    caption = (
        "Held-out accuracy of every candidate, by number of sources M and learning-rate ratio; below it the lowest and "
        "highest fold. The thick outline is the chosen one; dashed ones were pruned early or failed."
    )
    early = [_p(report.cut_short)] if report.cut_short else []
    return [
        _p(report.reason),
        *early,
        _figure(search_picture(report), caption),
        candidate_table(report),
        _p(f"{counted(report.folds, 'fold')} × {counted(report.seeds, 'seed')}; trials: {trials}.", kind="quiet"),
    ]


def _sources(report: Report) -> list[Markup]:
    caption = "Attention over source prompts and the private prompt: the shares of the target prompt."
    return [
        _p(f"Answers are read from {readout_text(report.words_share)}."),
        _figure(attention_picture(report.attention), caption),
        source_table(report),
    ]


def _confidence(report: Report) -> list[Markup]:
    made = report.calibration
    mean = (
        f"Mean confidence is {percent(made.confidence)} where {percent(report.accuracy.mean)} are right; before "
        f"calibration it was {percent(made.confidence_before)}."
    )
    caption = (
        f"{counted(report.rows, 'row')} in {len(made.bins)} groups: how many are right, with 90 % intervals, against "
        "mean confidence. On the dashed line both are equal. A group of few rows says little: look at how long its "
        "interval is before you believe its dot. Confidences have the task's temperature, which was fitted to these "
        "rows; in the mean above, each row's was fitted without its fold."
    )
    return [
        _p(mean),
        _figure(reliability_picture(made.bins), caption),
        bin_table(made),
        target_table(made),
        _p(
            "crosspt predict --target-accuracy leaves rows below that confidence unanswered, so that those it answers "
            "are right that often, in nine of ten onboardings.",
            kind="quiet",
        ),
    ]


def _more_rows(report: Report) -> list[Markup]:
    caption = (
        "Dots: held-out accuracy of prompts trained on so many rows, with 90 % intervals; the last is the chosen "
        "candidate as it is."
    )
    if report.curve.forecasts:
        caption += " The line and its band: what the accuracy to expect should become."
    return [
        _p(report.curve.sentence, kind="verdict"),
        _figure(curve_picture(report), caption),
        *_forecast(report),
    ]


def _forecast(report: Report) -> list[Markup]:
    if not report.curve.forecasts:
        return []
    return [
        curve_table(report.curve),
        _p(
            "A forecast for rows like these, of each class its share. It rests on what doubling brought on public data "
            "sets, moved towards this task's own points as far as their noise allows; nine of ten such intervals "
            "should hold what is gained.",
            kind="quiet",
        ),
    ]


def _rows(report: Report) -> list[Markup]:
    suspects = counted(report.suspects, "row is", "rows are")
    told = f"{suspects} probably labelled wrongly and marked below; look and decide." if report.suspects else ""
    none = "No label looks wrong. These are the rows whose given label was least probable."
    shown = sum(each.suspect for each in report.hardest)
    left_out = f"{report.suspects - shown:,} more are not shown." if shown < report.suspects else ""
    return [
        _p(" ".join(part for part in (told or none, left_out) if part)),
        *(_p(why) for why in report.texts_missing),
        hard_table(report.hardest, report.text_columns),
    ]
