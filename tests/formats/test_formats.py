"""What an earlier crosspt wrote is read; what a newer one wrote is refused with the command that mends it."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from crosspt_cli import Predictor, load_fitted, make_report, open_registry, report_page
from crosspt_cli.cli.main import run
from crosspt_cli.foundation.errors import IntegrityError
from crosspt_cli.onboarding.old_record import OLD_VERDICT
from crosspt_cli.registry import Registry, fingerprint_folder, verify
from crosspt_cli.registry.documents import NEWEST_FORMAT
from crosspt_cli.report.listing import entries_text

HERE = Path(__file__).parent
TASKS = sorted(folder.name for folder in (HERE / "kept" / "tasks").iterdir())
OLD = sorted(set(TASKS) - {"current", "layers", "unlabelled"})
SETTINGS = "add-task:\n  budget: thorough\n  text-col: [subject, body]\npredict:\n  abstain-below: 0.6\n"


@pytest.fixture
def kept(home, monkeypatch) -> Registry:
    """Return a registry as an earlier version left it, to be used on the CPU."""
    monkeypatch.setenv("CROSSPT_DEVICE", "cpu")
    shutil.copytree(HERE / "kept", home, ignore=shutil.ignore_patterns("answers"))
    return open_registry()


def test_there_is_an_artefact_of_every_format_that_is_read():
    """A new format version without one could not be told from a mistake."""
    files = [file for name in ("manifest.yaml", "task.yaml") for file in (HERE / "kept").rglob(name)]
    found = {re.search(r"^format_version: (\d+)$", file.read_text(encoding="utf-8"), re.M)[1] for file in files}
    assert found == {str(number) for number in range(1, NEWEST_FORMAT + 1)}


def test_every_byte_of_what_was_kept_is_accounted_for(kept):
    """Backbone, source prompts and tasks, by the digests of then."""
    assert [finding for finding in verify(kept) if finding.layer == "personal"] == []
    assert fingerprint_folder(kept.backbone("tiny").path) == kept.backbone("tiny").backbone.fingerprint


def test_a_kept_source_prompt_is_read_and_fits_its_backbone(kept):
    """Hours of training are in those that people made."""
    prompt = kept.load_source("mood", "tiny")
    assert prompt.values.shape == (2, 16) and prompt.values.dtype == np.float32
    assert (prompt.manifest.task, prompt.manifest.data[0].licence) == ("sentiment", "CC0-1.0")


@pytest.mark.parametrize("name", TASKS)
def test_a_kept_task_answers_as_it_did_when_it_was_made(kept, name):
    """Who upgrades must not get other labels, or other confidences, without a word."""
    answers = json.loads((HERE / "kept" / "answers" / f"{name}.json").read_text(encoding="utf-8"))
    found = Predictor.open(name, kept, dtype="fp32").predict(list(answers))  # as they were made
    assert [each.label for each in found] == [answer["label"] for answer in answers.values()]
    wanted = [answer["confidence"] for answer in answers.values()]
    assert [each.confidence for each in found] == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("name", TASKS)
def test_a_kept_task_can_be_reported(kept, name):
    """Its page is made of the records that lie beside it."""
    report = make_report(name)
    assert report.origin.crosspt_version == "0.1.0"
    assert f"<title>{name}" in report_page(report)


def test_a_kept_task_that_has_seen_rows_without_labels_says_so_and_can_be_adapted(kept):
    """How many there were, and the labelled rows' vectors, are what adapting and its notice need."""
    fitted = load_fitted("unlabelled")
    assert (fitted.unlabelled.rows, fitted.unlabelled.possible) == (23, 24)
    assert fitted.labelled.vectors.shape == (24, 16)
    asked = [f"Lovely and warm. Order {number}." for number in range(10, 50)]
    assert Predictor.open("unlabelled", kept, dtype="fp32").adapted(asked).adaptation.rows >= 10


@pytest.mark.parametrize("name", OLD)
def test_the_verdict_of_a_task_from_before_there_were_three_outcomes_is_not_repeated(kept, name):
    """It took methods for as good of which the rows cannot tell."""
    assert "outcome" not in (kept.load_task(name).files["study.json"]).decode()
    assert OLD_VERDICT in report_page(make_report(name))


def test_a_task_from_before_texts_were_compared_without_a_prompt_keeps_its_own_way(kept):
    """Its limit is one of vectors behind the prompt, and means nothing to others."""
    assert load_fitted("before-plain-vectors").familiar.prompted
    assert not any(load_fitted(name).familiar.prompted for name in ("before-outcomes", "current", "layers"))


def test_tasks_without_an_accuracy_are_listed_with_a_dash(kept):
    """A list must not stop at the first old entry."""
    text = entries_text(kept.tasks(), False, datetime.now(UTC))
    lines = {words[0]: words for line in text.splitlines() if (words := line.split())}
    assert (lines["before-plain-vectors"][1], lines["current"][1]) == ("–", "68.7")


def test_a_kept_settings_file_is_read(home, capsys):
    """It has no format version: every key that it may have had goes on meaning what it meant."""
    home.mkdir()
    (home / "config.yaml").write_text(SETTINGS, encoding="utf-8")
    assert run(["add-task", "nothing.csv", "--label-col", "y", "--dry-run"]) == 4
    assert capsys.readouterr().err.startswith("nothing.csv: ")


MANIFESTS = {
    "backbone": ("backbones/tiny/manifest.yaml", lambda kept: kept.backbone("tiny")),
    "source prompt": ("sources/tiny/mood/manifest.yaml", lambda kept: kept.load_source("mood", "tiny")),
    "task": ("tasks/current/task.yaml", lambda kept: kept.load_task("current")),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_newer_format_is_refused_with_the_command_that_mends_it(kept, kind):
    """Reading it by the old rules could mean anything."""
    file, read = MANIFESTS[kind]
    newer(kept.home / file)
    with pytest.raises(IntegrityError) as caught:
        read(kept)
    sentence = f"was written by a newer crosspt (format {NEWEST_FORMAT + 1}; this one reads {NEWEST_FORMAT})."
    assert str(caught.value) == f"{kept.home / file}: {sentence}\npip install -U crosspt"


def test_predicting_with_a_newer_task_ends_in_the_same_sentence(kept, capsys):
    """On the command line it is exit code 5."""
    newer(kept.home / "tasks/current/task.yaml")
    assert run(["predict", "--task", "current", "--text", "It works."]) == 5
    said = capsys.readouterr().err
    assert said.endswith("was written by a newer crosspt (format 3; this one reads 2).\npip install -U crosspt\n")


def newer(manifest: Path) -> None:
    """Write the number of the next format into a manifest."""
    text = manifest.read_text(encoding="utf-8")
    changed = re.sub(r"(?m)^format_version: \d+$", f"format_version: {NEWEST_FORMAT + 1}", text)
    assert changed != text
    manifest.write_text(changed, encoding="utf-8")
