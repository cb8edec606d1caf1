"""What the backbone cannot read is told before any training, or nothing is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onboarding_samples import EXACT, write_csv

from crosspt_cli.data import read_csv
from crosspt_cli.data.near_duplicates import near_groups
from crosspt_cli.evidence.baselines import TFIDF
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.onboarding.onboard import onboard
from crosspt_cli.onboarding.planning import plan_onboarding
from crosspt_cli.reading.backbones import open_backbone
from crosspt_cli.reading.prepare import prepare
from crosspt_cli.registry import Registry

CASES = Path(__file__).parent.parent / "cases"
REFUSED = {
    "emojitext": (
        "all 20 texts are the same to the backbone once read, for 100% of their tokens are unknown to it.",
        "Pass --backbone with one that reads them, such as google/mt5-small.",
    ),
    "boiler": (
        "all 40 texts are the same to the backbone once cut at 256 tokens.",
        "Put what tells the classes apart at the start of the texts, or shorten them.",
    ),
    "zhtext": (
        "100% of the texts' tokens are unknown to the backbone 'tiny'.",
        "Pass --backbone with one that reads them, such as google/mt5-small.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_texts_that_the_backbone_cannot_tell_apart_are_refused_before_any_training(case, full, home):
    """One ended in a traceback after six minutes, another in a task that answers at random."""
    path, stages = CASES / f"{case}.csv", []
    with pytest.raises(DataError) as caught:
        onboard(path, "label", registry=full, backbone="tiny", **EXACT, progress=lambda stage, *_: stages.append(stage))
    assert (caught.value.where, caught.value.problem, caught.value.hint) == (str(path), *REFUSED[case])
    assert stages == ["reading", "loading"]


def notices(path, registry, **settings):
    plan = plan_onboarding(path, "label", registry=registry, **{"backbone": "tiny", **EXACT, **settings})
    return {notice.kind: notice for notice in plan.notices}


def mixed(tmp_path, unknown):
    """Return a file of twelve texts of eight words, so many of which are unknown in each."""
    words = [
        ["a", "b", "c", "d", "e", "f", "g", "h"],
        ["i", "j", "k", "l", "m", "n", "o", "p"],
        ["q", "r", "s", "t", "u", "v", "w", "x"],
    ]
    texts = [" ".join(["\u65e5"] * unknown + row[turn:] + row[:turn]) for row in words for turn in range(0, 8, 2)]
    return write_csv(tmp_path / "f.csv", texts)


def test_unknown_tokens_are_told_above_a_fifth_and_refused_above_three_fifths(full, tmp_path):
    """A few emoji are no reason for a sentence; texts of which hardly a word is known are not worth training on."""
    assert "unknown-tokens" not in notices(mixed(tmp_path, 2), full)
    told = notices(mixed(tmp_path, 4), full)["unknown-tokens"]
    assert (told.lines, told.text) == (
        (),
        f"{tmp_path / 'f.csv'}: 33% of the texts' tokens are unknown to the backbone 'tiny'.",
    )
    told = notices(mixed(tmp_path, 12), full)["unknown-tokens"]
    assert told.lines == tuple(range(2, 14))
    assert told.text == (
        f"{tmp_path / 'f.csv'}: 60% of the texts' tokens are unknown to the backbone 'tiny'; of 12 rows more than half "
        "(lines 2, 3, 4, 5, 6 and 7 more)."
    )
    with pytest.raises(DataError, match="62% of the texts' tokens are unknown to the backbone 'tiny'"):
        notices(mixed(tmp_path, 13), full)


def test_tokens_of_the_template_do_not_count_as_known(full, tmp_path):
    """A long template around a Chinese word would make it look half known."""
    path = write_csv(tmp_path / "f.csv", ["\u65e5 \u672c", "\u65e5", "\u672c \u8a9e \u65e5", "\u65e5" * 4])
    own = tmp_path / "own.yaml"
    literal = '  - text: "here is what was said to us:"'
    own.write_text(f"name: own\nabout: Ours.\nfields: 1\nsegments:\n{literal}\n  - field: 1\n    cut: yes\n")
    with pytest.raises(DataError, match="100% of the texts' tokens are unknown"):
        notices(path, full, template=str(own))


def test_the_embedded_backbone_is_known_to_read_english_and_others_may_read_anything(mini, home, tmp_path, full):
    """German is read token by token, so no other check would notice; of another backbone nothing is known."""
    texts = ["Das ist nicht gut", "Ich bin sehr zufrieden", "Es ist nach einer Woche kaputt", "Wir haben auch eins"]
    path = write_csv(tmp_path / "f.csv", texts)
    assert "language" not in notices(path, full)
    examples, backbone = read_csv(path, "label"), open_backbone("mini", Registry.open(), "cpu", "fp32")
    (notice,) = prepare(examples, backbone).notices
    assert (notice.kind, notice.lines) == ("language", ())
    assert notice.text == (
        f"{path}: many of the texts look German, and the backbone 'mini' understands English only: it reads them "
        "letter by letter, without their meaning."
    )
    assert prepare(read_csv(CASES / "base.csv", "label"), backbone).notices == ()


def test_near_copies_are_told_and_held_out_together(full, tmp_path):
    """Noise came out at 100 %, because three spellings of a held-out text had been trained on."""
    found = notices(CASES / "neardup.csv", full)
    assert list(found) == ["duplicate", "near-copies"]
    assert len(found["near-copies"].lines) == 48
    assert found["near-copies"].text == (
        f"{CASES / 'neardup.csv'}: 48 rows with almost the text of another, held out together with it so that the "
        "score stays honest (lines 2, 3, 4, 5, 6 and 43 more)."
    )


def test_a_study_of_noise_with_copies_finds_noise(full):
    """From the file to the scores: logistic regression on words had every row right before."""
    path = CASES / "neardup.csv"
    study = onboard(path, "label", registry=full, backbone="tiny", **EXACT).study
    groups = np.array(near_groups(read_csv(path, "label").rows))
    for trial in study.trials:
        inside = np.isin(np.arange(len(groups)), trial.held_out)
        assert not set(groups[inside]) & set(groups[~inside])
    assert study.baselines[TFIDF].mean < 0.75
    assert study.corrected.accuracy.low < 0.75
