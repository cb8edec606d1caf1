"""Files that went wrong once: which columns are texts, and which labels are classes."""

from pathlib import Path

import pytest

from crosspt_cli.data import read_csv
from crosspt_cli.foundation.errors import DataError

CASES = Path(__file__).parent.parent / "cases"
COLUMNS = {
    "agent2": ("team", ("ticket", "agent_comment"), ["late-column"]),
    "short_title": ("team", ("ticket",), []),
    "complaint": ("product", ("complaint", "company_response_text"), ["late-column"]),
    "label_text": ("label", ("text",), ["restates-label"]),
    "label_text2": ("label", ("review",), ["restates-label"]),
    "dates": ("team", ("ticket",), ["left-out-column"]),
    "base": ("label", ("text",), []),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_columns_of_sentences_are_the_texts_and_nothing_else_is(case):
    """A name on a list took the place of the tickets, and a description of the label was learned."""
    label, columns, kinds = COLUMNS[case]
    found = read_csv(CASES / f"{case}.csv", label)
    assert (found.text_columns, [notice.kind for notice in found.notices]) == (columns, kinds)


CLASSES = {
    "labels_ws": ({"neg": 6, "pos": 6}, ["label-spaces", "label-forms"]),
    "nfd": ({"bar": 6, "caf\u00e9": 6}, ["label-forms"]),
    "floatmix": ({"0": 3, "0.0": 3, "1": 3, "1.0": 3}, ["similar-labels"]),
    "multi_semi": ({"a": 4, "a;b": 4, "b": 4}, ["several-labels"]),
    "case_labels": (dict.fromkeys(["ACCOUNT", "BILLING", "SHIPPING", "account", "billing", "shipping"], 5),
                    ["similar-labels"]),
    "commalabel": (dict.fromkeys(["LOG-IN=2FA", "Log-in=2FA", "MONEY, CARDS", "Money, cards", "PARCELS, POST",
                                  "Parcels, post"], 5), ["similar-labels"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CLASSES)
def test_labels_that_look_the_same_are_one_class_and_spellings_are_one_notice(case):
    """Three notices for three labels in two spellings hide that it is one thing to mend."""
    classes, kinds = CLASSES[case]
    found = read_csv(CASES / f"{case}.csv", "label")
    assert (found.class_counts(), [notice.kind for notice in found.notices]) == (classes, kinds)


def test_copies_in_another_spelling_are_copies():
    """Case and spaces made a text new, so it stood in training and among the held-out rows."""
    found = read_csv(CASES / "neardup.csv", "label")
    (notice,) = found.notices
    assert (len(found), notice.kind, len(notice.lines)) == (48, "duplicate", 16)


def test_a_named_column_that_says_the_label_again_is_used_and_told():
    """Who names it may know better, and should know what the score is worth."""
    found = read_csv(CASES / "label_text.csv", "label", ["text", "label_text"])
    assert found.text_columns == ("text", "label_text")
    assert [notice.kind for notice in found.notices] == ["restates-label"]


def test_a_file_without_texts_says_what_its_columns_hold(tmp_path):
    """A column of five-word dates looks like text to the person as well."""
    path = tmp_path / "f.csv"
    path.write_text(
        "when,y,about\n"
        + "".join(f"on May {n} at 2 pm,a,all about money\non May {n} at 3 pm,b,all about post\n" for n in range(1, 4))
    )
    with pytest.raises(DataError) as caught:
        read_csv(path, "y")
    assert caught.value.problem == (
        "no column beside 'y' looks like text; it has columns 'when' and 'about' there. 'when' holds dates. "
        "'about' has about one value for each class, so it says the label again."
    )


def test_columns_are_judged_by_rows_from_all_over_the_file(tmp_path):
    """Files are often sorted by class: the first rows of `about` say one thing only."""
    path = tmp_path / "f.csv"
    rows = [
        f"{name} is what number {n} says,{name},{'so' if n < 300 else n} it is {name} now"
        for name in ("this", "that")
        for n in range(600)
    ]
    path.write_text("\n".join(["x,y,about", *rows]))
    assert read_csv(path, "y").text_columns == ("x", "about")
