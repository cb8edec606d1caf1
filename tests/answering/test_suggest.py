"""Suggested rows are new, unlike each other, always the same, and from a file of any size."""

import random

import pytest
from onboarding_samples import TEXTS, small_onboarding, write_csv

from crosspt_cli.answering import suggest as suggesting
from crosspt_cli.answering.pool import sample_pool
from crosspt_cli.answering.predict import Predictor
from crosspt_cli.answering.suggest import suggest
from crosspt_cli.data import open_stream
from crosspt_cli.foundation.errors import DataError, NotFound, OptionError
from crosspt_cli.onboarding.fitted import load_fitted

SUBJECTS = ("the kettle", "my neighbour", "a long film", "this soup", "our garden", "the last train")
VERBS = ("never stops", "makes me laugh", "costs far too much", "was cold again", "is what I hoped for")
NEW = [f"{subject.capitalize()} {verb}." for subject in SUBJECTS for verb in VERBS]
EXACT = {"device": "cpu", "dtype": "fp32"}


@pytest.fixture
def unlabelled(tmp_path):
    """Return what writes a file of texts, and its path."""

    def write(texts, name="new.csv", header="text"):
        path = tmp_path / name
        path.write_text("\n".join([header, *texts]) + "\n", encoding="utf-8")
        return path

    return write


def texts_of(found):
    return [row.texts[0] for row in found.rows]


def test_rows_come_with_line_guess_and_the_names_that_add_task_wants(full, unlabelled):
    """What comes out is labelled by a person and goes back in."""
    found = suggest(unlabelled([f'"{text}"' for text in NEW]), "reviews", 4, registry=full, **EXACT)
    assert (found.text_columns, found.label_column) == (("text",), "label")
    assert [NEW[row.line - 2] for row in found.rows] == texts_of(found)
    assert len(set(texts_of(found))) == 4
    answers = Predictor.open("reviews", full, "cpu", "fp32").predict([row.texts for row in found.rows])
    for row, answer in zip(found.rows, answers, strict=True):
        assert row.guess == answer.label
        assert row.confidence == pytest.approx(answer.confidence, abs=1e-4)
        assert 0 <= row.disagreement <= 1


def test_the_same_rows_are_suggested_again_and_whatever_their_order(full, unlabelled, monkeypatch):
    """A person who asks twice must not get other work; and lots are drawn by text, not by place."""
    monkeypatch.setattr(suggesting, "POOL", 12)
    first = suggest(unlabelled(NEW), "reviews", 5, registry=full, **EXACT)
    assert suggest(unlabelled(NEW), "reviews", 5, registry=full, **EXACT).rows == first.rows
    mixed = random.Random(1).sample(NEW, len(NEW))
    assert set(texts_of(suggest(unlabelled(mixed), "reviews", 5, registry=full, **EXACT))) == set(texts_of(first))


def test_near_copies_are_never_suggested_together(full, unlabelled):
    """Twenty orders that differ in a number are one question."""
    copies = [f"Order number {number} came late and the box was wet on one side." for number in range(40)]
    found = suggest(unlabelled(copies + NEW[:6]), "reviews", 20, registry=full, **EXACT)
    assert sum(text.startswith("Order") for text in texts_of(found)) == 1
    assert len(found.rows) == 7


def test_what_needs_no_label_is_passed_over_and_counted(full, unlabelled):
    """Rows the task was made of, copies, blanks and what somebody labelled before."""
    known = TEXTS[0].upper().replace(" ", "  ")
    rows = [f'"{NEW[0]}",', f'"{known}",', '" ",', f'"{NEW[0].lower()}",', f'"{NEW[1]}",positive', f'"{NEW[2]}",']
    found = suggest(unlabelled(rows, header="text,label"), "reviews", 20, registry=full, **EXACT)
    assert sorted(texts_of(found)) == sorted([NEW[0], NEW[2]])
    assert found.pool.read == 6
    assert found.pool.passed_over == {
        "labelled already": 1, "blank": 1, "among the task's own rows": 1, "with the text of an earlier row": 1,
    }  # fmt: skip


def test_no_more_rows_are_kept_than_the_pool_holds(unlabelled):
    """A hundred thousand rows are looked through in little memory, and each may be drawn."""
    path = unlabelled([f"text {number}" for number in range(3000)])
    with open_stream(path, (), ("text",)) as stream:
        pool = sample_pool(stream, "label", (), 300)
    assert (pool.read, pool.possible, len(pool.rows)) == (3000, 3000, 300)
    lines = [row.line for row in pool.rows]
    assert lines == sorted(lines)
    assert 1300 < sum(lines) / len(lines) < 1700


def test_the_texts_may_be_in_another_column_and_come_out_under_the_tasks_name(full, unlabelled):
    """The file is another program's; what is labelled must fit the rows there are."""
    path = unlabelled([f"{n},{text}" for n, text in enumerate(NEW[:5])], header="number,body")
    found = suggest(path, "reviews", 2, text_cols=["body"], registry=full, **EXACT)
    assert found.text_columns == ("text",)


BAD = {
    "no rows": ("\n", 3, DataError, "new.csv: has a header and no rows.\nName a file with rows to choose from."),
    "nothing to ask": (
        f'\n"{TEXTS[0]}"\n" "\n',
        3,
        DataError,
        "new.csv: no row is left to ask about, of 2: 1 blank, 1 among the task's own rows.\n"
        "Name a file with other rows.",
    ),
    "a row that cannot be read": (
        ",id\na fine day,1,more\n",
        3,
        DataError,
        "new.csv line 2: has 3 cells, and the header has 2.\n"
        "Mend that line; every row in gets one row out, so none is left out.",
    ),
    "too few": ("\na fine day\n", 0, OptionError, "n: is 0, but must be from 1 to 500.\n"),
    "too many": ("\na fine day\n", 501, OptionError, "n: is 501, but must be from 1 to 500.\n"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_a_sentence(case, full, unlabelled, monkeypatch):
    """Where, what, and what to do."""
    content, n, kind, message = BAD[case]
    path = unlabelled([])
    path.write_text("text" + content)
    monkeypatch.chdir(path.parent)
    with pytest.raises(kind) as caught:
        suggest("new.csv", "reviews", n, registry=full, **EXACT)
    assert str(caught.value).startswith(message)


def test_a_task_or_file_that_is_not_there_is_named(full, unlabelled):
    """Typing errors."""
    with pytest.raises(NotFound, match="no task named 'reviws'"):
        suggest(unlabelled(NEW), "reviws", registry=full)
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        suggest("nowhere.csv", "reviews", registry=full)


def test_a_pair_task_is_asked_in_pairs(bare, tmp_path, unlabelled):
    """Both texts make the row."""
    rows = [f"a {word} sat,the {word} {end},{end}" for word in ("cat", "dog", "man", "ant") for end in ("rose", "fell")]
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("\n".join(["premise,hypothesis,label", *rows]))
    small_onboarding(pairs, bare)
    path = unlabelled(["a bird sat,it flew off", "a bird sat,it slept well"], header="hypothesis,premise")
    found = suggest(path, "pairs", 2, registry=bare, **EXACT)
    assert {row.texts for row in found.rows} == {("it flew off", "a bird sat"), ("it slept well", "a bird sat")}


def test_several_files_are_onboarded_as_one_task_and_recorded(bare, tmp_path):
    """How the task was made stands in the task."""
    first, second = write_csv(tmp_path / "first.csv", TEXTS[:16]), write_csv(tmp_path / "second.csv", TEXTS[16:])
    done = small_onboarding([first, second], bare)
    whole = small_onboarding(write_csv(tmp_path / "whole.csv"), bare)
    assert (done.task, done.fitted.rows) == ("first", 24)
    assert done.fitted.row_digests == whole.fitted.row_digests
    assert (done.fitted.prompt == whole.fitted.prompt).all()
    assert load_fitted("first", bare).command == (
        f"crosspt add-task {first} {second} --label-col label --backbone tiny --budget quick --device cpu --dtype fp32"
    )
