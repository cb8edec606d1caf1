"""The page of a report: whole, harmless, and the numbers it was given."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from parsed_page import Node, parsed, table

from crosspt_cli.evidence.forecast import CurvePoint, Forecast, LearningCurve
from crosspt_cli.evidence.intervals import Estimate
from crosspt_cli.evidence.outcome import (
    Calibration,
    CandidateResult,
    Comparison,
    Corrected,
    PoolWorth,
    Score,
    Sharing,
    SourceWorth,
    Verdict,
    failed_candidate,
)
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.onboarding.report_record import Made
from crosspt_cli.report.held_out_numbers import Bin, ClassNumbers, Confused, HardRow
from crosspt_cli.report.page import report_page
from crosspt_cli.report.page_style import DARK, LIGHT
from crosspt_cli.report.report_data import Origin, Report, Target

EVIL = "<script>alert('x')</script>"
MADE = Made("quick", "cpu", "float32", 75.0, 912.4, {"python": "3.12.1", "torch": "2.6.0"})


def one_class(label: str, rows: int, right: float) -> ClassNumbers:
    """A class that is answered as often as it has rows."""
    part = Estimate(right / rows, 0.5, 0.98)
    return ClassNumbers(label, label, rows, part, float(rows), part)


def score(mean: float, se: float, *per_fold: float) -> Score:
    """A score as a record keeps it."""
    return Score(mean, se, per_fold, -0.5, np.empty(0))


def tried(candidate: Candidate, state: str, steps: int, found: Score) -> CandidateResult:
    """A candidate as a record keeps it."""
    return CandidateResult(candidate, state, steps, Readout(10.0), found, 0.75, np.empty(0))


@pytest.fixture
def report() -> Report:
    """Everything that a page shows, nothing computed."""
    return Report(
        task="reviews",
        backbone="mini",
        template="sentiment",
        rows=16,
        held_out=16,
        text_columns=("title", "body"),
        label_column="y",
        origin=Origin("crosspt add-task reviews.csv --label-col y", "2026-03-01T10:20:30Z", "0.1.0", 7, MADE),
        score=score(0.8125, 0.0976, 0.75, 0.875),
        corrected=Corrected(Estimate(0.7843, 0.6012, 0.8978), 0.78, 0.8, why="the best of many looks better"),
        verdict=Verdict(
            {
                "most frequent class": Comparison(score(0.5, 0.125), Estimate(-0.3125, -0.5, -0.125), "worse"),
                "private prompt only (M = 0)": Comparison(
                    score(0.75, 0.1118), Estimate(-0.0625, -0.1875, 0.0), "cannot tell"
                ),
            },
            None,
            "These 16 rows cannot tell.",
        ),
        pool=None,
        sharing=Sharing(
            SourceWorth(Estimate(0.0625, 0.0, 0.1875)),
            {"imdb": SourceWorth(Estimate(0.0625, 0.01, 0.12))},
            "Sharing is worth +6.2 points.",
        ),
        classes=(one_class("negative", 8, 7), one_class("positive", 8, 6)),
        confusion=((7.0, 1.0), (2.0, 6.0)),
        confused=(Confused("positive", "negative", 2.0), Confused("negative", "positive", 1.0)),
        folds=2,
        seeds=1,
        reason="M = 2, ratio 0.1 had the best held-out score of 3 candidates.",
        shortened=False,
        choice=0,
        candidates=(
            tried(Candidate(("imdb", "sst2"), 0.1), "complete", 90, score(0.8125, 0.0976, 0.75, 0.875)),
            tried(Candidate((), 1.0), "pruned", 18, score(0.75, 0.1118, 0.625, 0.875)),
            failed_candidate(Candidate(("imdb", "sst2"), 1.0), 16, 18),
        ),
        trials={"complete": 2, "pruned": 2, "failed": 2},
        cut_short="",
        words_share=0.75,
        attention={"imdb": 0.5, "sst2": 0.3, "private": 0.2},
        calibration=Calibration(2.25, 0.981, 0.8604, -0.7, -0.3, np.empty(0)),
        bins=(Bin(8, 0.7321, Estimate(0.75, 0.46, 0.91)), Bin(8, 0.9612, Estimate(0.875, 0.58, 0.97))),
        targets=(Target(0.8, 0.9123, 0.5, None), Target(0.9, None, None, 140), Target(0.99, None, None, None)),
        curve=LearningCurve(
            "16 more rows should bring +3.1 points.",
            (CurvePoint(4.0, 0.6875, 0.1197), CurvePoint(8.0, 0.8125, 0.0976)),
            0.2,
            -0.11,
            0.1,
            (
                Forecast(8, Estimate(0.018, -0.021, 0.052)),
                Forecast(16, Estimate(0.031, -0.012, 0.069)),
                Forecast(48, Estimate(0.059, 0.002, 0.107)),
            ),
        ),
        hardest=(
            HardRow("b.csv", 14, "negative", "positive", 0.0123, 0.9877, True, ("Oh", "well")),
            HardRow("a.csv", 3, "positive", "positive", 0.5432, 0.5432, False, None),
        ),
        suspects=1,
        texts_missing=("a.csv is not there any more.",),
    )


def page(report: Report) -> Node:
    """The page as a tree."""
    return parsed(report_page(report))


def test_the_page_has_the_numbers_of_the_report(report):
    """The ones that a decision rests on."""
    text = page(report).all("header")[0].text
    for said in ("16 rows, 2 classes, on the backbone mini", "81.2 % ± 9.8", "78 %", "90 % interval 60–90 %",
                 "the best of many looks better", "These 16 rows cannot tell.",
                 "2026-03-01 10:20 UTC, in 1 min 15 s", "cpu (float32)",
                 "quick, 7", "crosspt 0.1.0, python 3.12.1, torch 2.6.0", "title, body → y",
                 "crosspt add-task reviews.csv --label-col y"):  # fmt: skip
        assert said in text


def test_the_tables_have_them_too(report):
    """Real tables: a screen reader and a spreadsheet can read them."""
    root = page(report)
    assert table(root, "Beside simpler methods")[1:] == [
        ["as chosen", "81.2 % ± 9.8", "", "", ""],
        ["private prompt only (M = 0)", "75.0 % ± 11.2", "−6.2", "−18.8 to 0.0", "cannot tell"],
        ["most frequent class", "50.0 % ± 12.5", "−31.2", "−50.0 to −12.5", "worse"],
    ]
    assert table(root, "Held-out rows by")[1:] == [["negative", "7", "1"], ["positive", "2", "6"]]
    assert table(root, "Each class")[1] == ["negative", "8", "87.5 %", "50–98 %", "87.5 %", "50–98 %"]
    assert table(root, "All candidates")[1:] == [
        ["M = 2, ratio 0.1", "chosen", "90", "81.2 % ± 9.8", "75–88 %"],
        ["M = 0 (private prompt only, lr 0.2)", "pruned", "18", "75.0 % ± 11.2", "62–88 %"],
        ["M = 2, ratio 1", "failed", "18", "–", "–"],
    ]
    assert table(root, "Shares")[1:] == [
        ["imdb", "50.0 %", "+6.2", "+1.0 to +12.0"],
        ["sst2", "30.0 %", "not known", "–"],
        ["private prompt", "20.0 %", "not known", "–"],
        ["all sources, over a private prompt alone", "–", "+6.2", "0.0 to +18.8"],
    ]
    assert table(root, "Held-out rows in groups")[1] == ["1", "8", "73.2 %", "75.0 %", "46–91 %"]
    assert table(root, "What --target-accuracy")[1:] == [
        ["80.0 %", "yes", "91.2 %", "50.0 %"],
        ["90.0 %", "not yet; about 140 labelled rows would do", "–", "–"],
        ["99.0 %", "not yet; no number is known", "–", "–"],
    ]
    assert table(root, "What more rows")[1:] == [
        ["8 more", "+1.8", "−2.1 to +5.2"],
        ["16 more", "+3.1", "−1.2 to +6.9"],
        ["48 more", "+5.9", "+0.2 to +10.7"],
    ]
    assert table(root, "The rows whose")[1:] == [
        ["b.csv:14 label probably wrong", "negative", "positive (98.8 %)", "1.2 %"],
        ["title: Ohbody: well"],
        ["a.csv:3", "positive", "as given", "54.3 %"],
    ]


def test_what_people_wrote_is_shown_and_never_run(report):
    """Labels, texts, names and the command are anybody's; a report is mailed around."""
    hard = replace(report.hardest[0], file=EVIL, given=EVIL, likely=EVIL, texts=(EVIL, EVIL))
    evil = replace(
        report,
        task=EVIL, backbone=EVIL, reason=EVIL, text_columns=(EVIL, EVIL),
        origin=replace(report.origin, command=f"crosspt add-task {EVIL}"),
        classes=(one_class(EVIL, 8, 7), one_class('" onload="x', 8, 6)),
        confused=(Confused(EVIL, EVIL, 2.0),),
        verdict=Verdict({EVIL: report.verdict.methods["most frequent class"]}, None, EVIL),
        sharing=replace(report.sharing, sentence=EVIL), attention={EVIL: 1.0},
        hardest=(hard,), texts_missing=(EVIL,),
    )  # fmt: skip
    for shown in (evil, replace(evil, confusion=None)):
        root = page(shown)
        assert root.all("script") == []
        assert not any(name.startswith("on") for node in root.all() for name in node.attributes)
        assert EVIL in root.all("h1")[0].text
        assert root.all("td")[-1].text.count(EVIL) == 4
        assert f"crosspt add-task {EVIL}" in root.all("pre")[0].text


def test_a_letter_that_utf_8_cannot_write_does_not_lose_the_page(report):
    """JSON lets halves of characters through."""
    hard = replace(report.hardest[0], texts=("half \ud83d", "whole"))
    assert "half ?" in report_page(replace(report, hardest=(hard,))).encode().decode()


def test_the_page_needs_nothing_else(report):
    """It is read where there is no network, and nobody learns that it was opened."""
    html = report_page(replace(report, texts_missing=("see http://example.com",)))
    root = parsed(html)
    assert {node.tag for node in root.all()} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
    } == set()
    assert {str(node.attributes["href"])[0] for node in root.all() if "href" in node.attributes} == {"#"}
    assert not any({"src", "srcset", "xlink:href", "data"} & set(node.attributes) for node in root.all())
    assert not re.search(r"url\(|@import|@font-face", html)
    assert html.replace("http://example.com", "").count("http") == html.count("http-equiv") == 1
    (policy,) = [n for n in root.all("meta") if n.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_it_is_a_page_for_phones_and_for_those_who_cannot_see(report):
    """Width, language, and words for every picture and table."""
    root = page(report)
    metas = [node.attributes for node in root.all("meta")]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas
    assert {"charset": "utf-8"} in metas
    assert root.all("html")[0].attributes == {"lang": "en"}
    pictures = root.all("svg")
    assert len(pictures) == 5
    for each in pictures:
        assert each.attributes["role"] == "img"
        (title,) = each.all("title")
        assert each.attributes["aria-labelledby"] == title.attributes["id"]
        assert len(title.text) > 20
    for each in root.all("table"):
        assert each.all("caption")[0].text
        assert all(cell.attributes["scope"] in ("col", "row") for cell in each.all("th"))
    ids = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
    assert len(set(ids)) == len(ids)
    assert {node.attributes["href"].removeprefix("#") for node in root.all("a")} <= set(ids)


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` or ``"r g b"`` (WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)] if colour[0] == "#" else map(int, colour.split())
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(over: str, under: str, share: float) -> str:
    """Return what a colour laid over another with this share looks like."""
    below = [int(under[at : at + 2], 16) for at in (1, 3, 5)]
    pairs = zip(map(int, over.split()), below, strict=True)
    return " ".join(str(round(share * a + (1 - share) * b)) for a, b in pairs)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_letters_can_be_read_on_every_ground(scheme):
    """4.5 to 1, the least that WCAG asks for; on the darkest cells too."""
    for letters in ("letters", "quiet", "accent", "warning"):
        for ground in ("ground", "panel"):
            assert contrast(scheme[letters], scheme[ground]) >= 4.5, (letters, ground)
    for shade in ("right", "wrong"):
        assert contrast(scheme["letters"], mixed(scheme[shade], scheme["ground"], 0.45)) >= 4.5, shade


def test_many_classes_are_pairs_instead_of_a_grid(report):
    """77 by 77 numbers help nobody; the page says why there is no grid."""
    root = page(replace(report, confusion=None))
    assert "A grid of 2 classes could not be read" in root.text
    assert table(root, "The pairs most often")[1:] == [["positive", "negative", "2"], ["negative", "positive", "1"]]
    assert "No row was answered wrongly." in page(replace(report, confusion=None, confused=())).text


def test_averages_over_seeds_say_so(report):
    """Half a row would look like a mistake."""
    root = page(replace(report, seeds=2, confusion=((7.5, 0.5), (2.0, 6.0))))
    assert table(root, "Held-out rows by")[1] == ["negative", "7.5", "0.5"]
    assert "averages over 2 seeds" in root.text


def test_the_search_picture_has_every_candidate_and_marks_the_chosen_one(report):
    """By an outline and by words, not by colour alone."""
    (picture,) = [svg for svg in page(report).all("svg") if svg.attributes["aria-labelledby"] == "search-title"]
    kinds = [rect.attributes["class"] for rect in picture.all("rect") if "cell" in str(rect.attributes["class"])]
    assert sorted(kinds) == ["cell chosen", "cell failed", "cell pruned"]
    words = [text.text for text in picture.all("text")]
    assert {"81.2 %", "75–88", "chosen", "pruned", "failed", "M = 0", "M = 2", "ratio 0.1", "ratio 1"} <= set(words)
    assert "50.0 %" not in words  # what a failed candidate scored means nothing


def test_what_the_rows_say_of_a_method_shows_in_its_dot(report):
    """The picture says what the sentence says: hollow is worse, grey is that the rows cannot tell."""
    better = {"best source prompt, untouched": Comparison(score(0.9, 0.07), Estimate(0.0875, -0.01, 0.2), "as good")}
    shown = page(replace(report, verdict=replace(report.verdict, methods=report.verdict.methods | better)))
    (picture,) = [svg for svg in shown.all("svg") if svg.attributes["aria-labelledby"] == "methods-title"]
    dots = [circle.attributes["class"] for circle in picture.all("circle")]
    assert dots == ["dot", "dot open", "dot hollow"]
    assert "private prompt only (M = 0) −6.2, cannot tell" in picture.text


def test_where_nothing_is_forecast_the_page_has_none(report):
    """A score that may be chance promises nothing; the dots are still what was measured."""
    hopeless = replace(report, curve=replace(report.curve, sentence="Nothing can be said.", forecasts=()))
    text = page(hopeless).text
    assert "Nothing can be said." in text
    assert "What more rows should gain" not in text
    assert "The line and its band" not in text


def test_the_picture_of_the_search_says_whose_score_has_rows_without_labels(report):
    """One candidate with them beside others without is no fair picture, unless it is said."""
    said = "Of all candidates only the chosen one is shown with rows without labels."
    pool = PoolWorth(900, 0, 900, 1.0, Estimate(0.04, -0.01, 0.09), "900 rows without labels count.")
    assert said in page(replace(report, pool=pool)).text and pool.sentence in page(replace(report, pool=pool)).text
    assert said not in page(replace(report, pool=replace(pool, mass=0.0))).text
    assert said not in page(report).text


def test_the_picture_of_the_search_says_whose_score_is_of_texts_in_full(report):
    """The others are as they were compared."""
    said = "Texts are long: the chosen candidate and the best without sources are shown as they answer"
    assert said in page(replace(report, shortened=True)).text
    assert said not in page(report).text


def test_a_task_without_sources_suspects_or_texts_has_a_page(report):
    """Nothing of it is an error."""
    bare = replace(
        report, sharing=Sharing(None, {}, ""), attention={"private": 1.0}, suspects=0,
        hardest=(report.hardest[1],), texts_missing=(),
        cut_short="To hold the time limit: the search ended early.",
    )  # fmt: skip
    text = page(bare).text
    assert "No label looks wrong." in text
    assert "the search ended early" in text
    assert "label probably wrong" not in text


def test_a_prompt_that_only_started_at_a_source_says_so(report):
    """The shares alone would hide where it is from."""
    assert "nothing is mixed in" not in report_page(report)
    started = tried(Candidate(("sst2",), 1.0, method="transfer"), "complete", 90, score(0.8, 0.1, 0.75, 0.875))
    page = report_page(replace(report, candidates=(started, *report.candidates[1:]), attention={"private": 1.0}))
    assert "The prompt is a private prompt that started at the source prompt sst2; nothing is mixed in." in page


def test_suspects_that_are_not_shown_are_counted(report):
    """A list that was cut must not look whole."""
    assert "3 rows are probably labelled wrongly" in page(replace(report, suspects=3)).text
    assert "2 more are not shown." in page(replace(report, suspects=3)).text


def test_the_example_in_the_documentation_is_a_page_of_this_version(report):
    """Whoever looks at it before installing must see what they will get."""
    example = parsed((Path(__file__).parents[2] / "docs" / "example-report.html").read_text(encoding="utf-8"))
    for tag in ("style", "h2", "nav", "figcaption"):
        shown = [re.sub(r"\d+", "#", node.text) for node in example.all(tag)]
        assert shown == [re.sub(r"\d+", "#", node.text) for node in page(report).all(tag)], tag
