"""A task's report as one page of HTML that needs nothing else: no network, no scripts, no fonts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from crosspt_cli.foundation.words import counted
from crosspt_cli.report.numbers import at_most, duration, percent, with_error
from crosspt_cli.report.page_style import DARK, LIGHT
from crosspt_cli.report.pictures import (
    Picture,
    attention_picture,
    curve_picture,
    method_picture,
    reliability_picture,
    search_picture,
)
from crosspt_cli.report.summary import readout_text, words_text
from crosspt_cli.report.tables import (
    Table,
    bin_table,
    candidate_table,
    class_table,
    confused_table,
    count,
    curve_table,
    interval,
    label,
    method_table,
    shade,
    source_table,
    target_table,
)

if TYPE_CHECKING:
    from crosspt_cli.report.report_data import Report

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load and run for the page: nothing. The file says so itself, whoever sends it on."""


SECTIONS = {
    "verdict": "Would something simpler do?",
    "answers": "What is taken for what",
    "search": "What was tried",
    "sources": "Where the prompt comes from",
    "confidence": "How far confidences can be trusted",
    "more": "What more rows should bring",
    "rows": "The hardest rows",
}


def report_page(report: Report) -> str:
    """Return the whole page, to be saved as UTF-8; what that cannot write is a question mark.

    Args:
        report: from `make_report`.

    Example:
        >>> Path("report.html").write_text(report_page(make_report("reviews")))  # doctest: +SKIP
    """
    from crosspt_cli.evidence.intervals import MARGIN, points

    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            chosen=report.candidates[report.choice].candidate,
            policy=POLICY,
            light=LIGHT,
            dark=DARK,
            sections=SECTIONS,
            facts=_facts(report),
            pictures=_pictures(report),
            tables=_tables(report),
            margin=points(-MARGIN).removesuffix(".0"),
            readout=readout_text(report.words_share),
            mixes=report.candidates[report.choice].candidate.has_shares,
            trials=", ".join(f"{number:,} {state}" for state, number in report.trials.items()),
            unmarked=report.suspects - sum(each.suspect for each in report.hardest),
        )
    )
    return page.encode("utf-8", "replace").decode()


@cache
def _environment() -> Environment:
    """Return what renders the templates; it escapes what they are given, and refuses a name they do not know."""
    made = Environment(
        loader=PackageLoader("crosspt_cli.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "counted": counted,
        "interval": interval,
        "label": label,
        "percent": percent,
        "rows": count,
        "shade": shade,
        "with_error": lambda score: with_error(score.mean, score.se),
    }
    return made


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    origin, made = report.origin, report.origin.made
    libraries = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    return (
        ("made", f"{origin.created[:16].replace('T', ' ')} UTC, in {duration(made.seconds)}"),
        ("on", f"{made.device} ({made.dtype}){at_most(made.peak_memory_mb)}"),
        ("columns", f"{', '.join(report.text_columns)} → {report.label_column}"),
        ("template", report.template),
        ("label words", words_text([each.label for each in report.classes], [each.words for each in report.classes])),
        ("budget, seed", f"{made.budget}, {origin.seed}"),
        ("versions", f"crosspt {origin.crosspt_version}, {libraries}"),
    )


def _pictures(report: Report) -> dict[str, Picture]:
    return {
        "methods": method_picture(report.verdict.methods),
        "search": search_picture(report),
        "attention": attention_picture(report.attention),
        "reliability": reliability_picture(report.bins),
        "curve": curve_picture(report),
    }


def _tables(report: Report) -> dict[str, Table]:
    return {
        "methods": method_table(report),
        "confused": confused_table(report),
        "classes": class_table(report),
        "candidates": candidate_table(report),
        "sources": source_table(report),
        "bins": bin_table(report.bins),
        "targets": target_table(report.targets),
        "forecasts": curve_table(report.curve),
    }
