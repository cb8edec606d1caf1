"""Large files are told of, and those that would not fit into memory are refused before anything is loaded."""

import pytest
from onboarding_samples import write_csv

from crosspt_cli.checking import size
from crosspt_cli.foundation.errors import DataError
from crosspt_cli.onboarding.planning import plan_onboarding


def planned(path, registry):
    return plan_onboarding(path, "label", registry=registry, backbone="tiny", device="cpu", dtype="fp32")


def test_more_rows_than_a_study_takes_are_refused(bare, reviews, monkeypatch):
    """With the number it takes, and what to type."""
    monkeypatch.setattr(size, "MOST_ROWS", 20)
    with pytest.raises(DataError) as caught:
        planned(reviews, bare)
    assert str(caught.value) == (
        f"{reviews}: has 24 rows, and a study of 2 classes takes 20 at most.\n"
        "A sample is enough for a prompt. Of a CSV file without line breaks in its cells make one by "
        f"(head -1 {reviews}; tail -n +2 {reviews} | shuf -n 20) > sample.csv"
    )


def test_rows_of_many_classes_may_be_fewer(bare, tmp_path, monkeypatch):
    """Every candidate keeps numbers of each row and class."""
    monkeypatch.setattr(size, "MOST_SCORES", 60)
    path = write_csv(tmp_path / "topics.csv", labels=("sport", "food", "travel"))
    with pytest.raises(DataError, match="has 24 rows, and a study of 3 classes takes 20 at most"):
        planned(path, bare)
