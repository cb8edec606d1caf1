"""Labels come out of what annotation tools put around them, and missing ones are missing in every format."""

import json

import pytest

from crosspt_cli.data import read_csv
from crosspt_cli.data.packaging import labels_in
from crosspt_cli.foundation.errors import DataError

CASES = __file__.rsplit("/data/", 1)[0] + "/cases"
TICKETS = {"account": 10, "billing": 10, "shipping": 10}
TEXTS = ["fine and dandy thing", "very bad thing", "quite good thing", "sad old thing", "nice little thing"]


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read rows of the texts above under these labels, as JSON lines."""
    monkeypatch.chdir(tmp_path)

    def read(*labels, label="y", **more):
        rows = [{"text": text, label: value} | more for text, value in zip(TEXTS, labels, strict=False)]
        (tmp_path / "f.jsonl").write_text("\n".join(map(json.dumps, rows)))
        return read_csv("f.jsonl", label, ["text"])

    return read


def told(examples):
    return [(notice.kind, len(notice.lines)) for notice in examples.notices]


FILES = {
    "jsonnan.jsonl": ("label", TICKETS | {"billing": 5}, [("blank-label", 5)]),
    "nantext.jsonl": ("label", TICKETS | {"billing": 5}, [("blank-text", 5)]),
    "doccano_empty.jsonl": ("label", dict.fromkeys(TICKETS, 8), [("packed-label", 24), ("blank-label", 6)]),
    "doccano2.jsonl": ("label", TICKETS, [("packed-label", 30)]),
    "prodigy_choice.jsonl": (
        "accept",
        {"account": 9, "billing": 8, "shipping": 8},
        [("rejected", 5), ("packed-label", 25), ("left-out-column", 0)],
    ),
    "cats.jsonl": ("cats", TICKETS, [("packed-label", 30)]),
    "prodigy.jsonl": ("label", {"account": 8, "billing": 7, "shipping": 7}, [("rejected", 8), ("left-out-column", 0)]),
}


@pytest.mark.parametrize("name", FILES)
def test_labels_of_files_that_went_wrong_are_the_labels(name):
    """`NaN`, `[]` and `["billing"]` were classes, and rejected labels were taught."""
    label, counts, notices = FILES[name]
    examples = read_csv(f"{CASES}/{name}", label)
    assert (examples.class_counts(), told(examples)) == (counts, notices)


def test_what_was_unpacked_and_left_out_is_told(read):
    """The person must be able to see that it is right."""
    examples = read(["a"], ["b"], ["a"], ["b"])
    assert [notice.text for notice in examples.notices] == [
        "f.jsonl: 4 rows whose label in column 'y' was taken out of its packaging, as 'a' out of [\"a\"]"
        " (lines 1, 2, 3 and 4)."
    ]
    assert [notice.text for notice in read_csv(f"{CASES}/prodigy.jsonl", "label").notices] == [
        f"{CASES}/prodigy.jsonl: 8 rows whose 'answer' is not 'accept' left out (lines 1, 5, 9, 13, 17 and 3 more).",
        f"{CASES}/prodigy.jsonl: not taken for texts: 'meta' holds lists.",
    ]


PACKED = {
    '["a"]': ("a",),
    "['a']": ("a",),
    "[]": (),
    "{}": (),
    "[null]": (),
    '[""]': (),
    '["a", "a"]': ("a",),
    '["a", "b"]': ("a", "b"),
    "[3]": ("3",),
    '{"choices": ["a"]}': ("a",),
    '{"choices": ["a", "b"]}': ("a", "b"),
    '{"label": 1}': ("1",),
    '[{"value": {"choices": ["a"]}, "from_name": "topic", "to_name": "text", "type": "choices"}]': ("a",),
    '[{"user_id": "u", "value": "a", "status": "submitted"}]': ("a",),
    '[{"label": "a", "score": 0.9}]': ("a",),
    '{"a": 1.0, "b": 0.0}': ("a",),
    '{"a": false, "b": true}': ("b",),
    '{"a": 0, "b": 0}': (),
    '{"a": 1, "b": 1}': ("a", "b"),
}


@pytest.mark.parametrize("cell", PACKED)
def test_the_packaging_of_each_tool_is_known(cell):
    """Doccano, Label Studio, Argilla, Prodigy, spaCy, and lists that a data frame wrote."""
    assert labels_in(cell) == PACKED[cell]


@pytest.mark.parametrize("cell", ["a", "", "[sic]", "[a", "{x}", "NaN", "1", "(1, 2)", '"a"', "a, b", "[URGENT] a"])
def test_a_label_with_brackets_is_a_label(cell):
    """Nobody may lose a class for its name."""
    assert labels_in(cell) is None


@pytest.mark.parametrize("cell", ['{"a": 0.8, "b": 0.2}', '[[0, 5, "a"]]', '[{"start": 0, "end": 5, "label": "a"}]'])
def test_what_has_no_one_label_is_not_given_one(cell):
    """Shares of a model and labels of parts of a text are other tasks."""
    with pytest.raises(ValueError):
        labels_in(cell)


def test_several_labels_in_a_row_are_refused_with_what_to_do():
    """The packaging itself was the class."""
    with pytest.raises(DataError) as caught:
        read_csv(f"{CASES}/ls_multi.csv", "sentiment")
    assert str(caught.value) == (
        f"{CASES}/ls_multi.csv: 10 rows have several labels in column 'sentiment' (lines 2, 5, 8, 11, 14 and 5 more; "
        "line 2 has 'billing' and 'urgent'), and a text can have one.\n"
        "Keep one label in each of these rows, or delete them. To tell each label alone, give it a column of yes and "
        "no, and onboard every such column with --label-col."
    )


def test_a_label_that_cannot_be_told_is_refused_with_the_row(read):
    """Guessing the largest share would be a choice nobody made."""
    with pytest.raises(DataError) as caught:
        read("a", {"a": 0.8, "b": 0.2}, "a", "b")
    assert str(caught.value) == (
        'f.jsonl: 1 row has no label that can be told in column \'y\' (line 2; line 2 has {"a": 0.8, "b": 0.2}).\n'
        "Write the label alone into column 'y', or pass --label-col with the column that has it."
    )


def test_an_answer_of_other_words_is_a_column_like_others(read):
    """Only Prodigy's three words mean that a row was turned down."""
    assert told(read("a", "b", "a", "b", answer="yes")) == []
    assert told(read("accept", "reject", "accept", "reject", label="answer")) == []


def test_missing_values_of_json_are_missing(read):
    """Data frames write null and NaN where a cell was empty."""
    examples = read("a", "b", "a", "b", None)
    assert (examples.class_counts(), told(examples)) == ({"a": 2, "b": 2}, [("blank-label", 1)])
    examples = read(0, 1, 0, 1, float("nan"))
    assert (examples.class_counts(), told(examples)) == ({"0": 2, "1": 2}, [("blank-label", 1)])


def test_words_that_mean_nothing_elsewhere_stay_and_are_told(tmp_path, monkeypatch):
    """`None` is a class of many a data set, and `null` a thing people write about."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.csv").write_text("text,y\nnull,None\nvery bad thing,b\nN/A,b\nsad old thing,None\n")
    examples = read_csv("f.csv", "y", ["text"])
    assert examples.class_counts() == {"None": 2, "b": 2}
    assert [notice.text for notice in examples.notices] == [
        "f.csv: 2 rows with the label 'None' kept: that is taken for a class, not for a missing one (lines 2 and 5).",
        "f.csv: 2 rows with the text 'null' and 'N/A' kept: that is taken for a text, not for a missing one"
        " (lines 2 and 4).",
    ]


def save(columns, metadata=None):
    """Write columns as a Parquet file."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    table = pa.table({"text": TEXTS, **columns}).replace_schema_metadata(metadata)
    pyarrow.parquet.write_table(table, "f.parquet")


def test_numbers_that_a_missing_label_made_fractions_are_whole(tmp_path, monkeypatch):
    """The class is 1, as in the file before somebody left a cell empty."""
    monkeypatch.chdir(tmp_path)
    save({"y": [1.0, 0.0, 1.0, 0.0, None]})
    examples = read_csv("f.parquet", "y")
    assert examples.class_counts() == {"0": 2, "1": 2}
    assert [notice.text for notice in examples.notices] == [
        "f.parquet: the labels in column 'y' are whole numbers stored as fractions; 0.0 is read as 0.",
        "f.parquet: 1 row with a blank label in column 'y' is taken for a row without a label (row 5); "
        "--ignore-unlabelled leaves it out.",
    ]
    save({"y": [1.0, 0.5, 1.0, 0.5, float("nan")]})
    assert read_csv("f.parquet", "y").class_counts() == {"0.5": 2, "1.0": 2}


def test_lists_and_objects_of_a_parquet_file_are_unpacked_too(tmp_path, monkeypatch):
    """The column was said not to be there."""
    monkeypatch.chdir(tmp_path)
    save({"y": [["a"], ["b"], ["a"], ["b"], []], "vector": [[0.5, 1.0]] * 5})
    examples = read_csv("f.parquet", "y", ["text"])
    assert examples.class_counts() == {"a": 2, "b": 2}
    assert told(examples) == [("columns", 0), ("packed-label", 4), ("blank-label", 1)]
    save({"cats": [{"a": float(n % 2), "b": 1.0 - n % 2} for n in range(5)]})
    assert read_csv("f.parquet", "cats", ["text"]).class_counts() == {"a": 2, "b": 3}


def test_class_numbers_of_a_saved_data_set_get_their_names(tmp_path, monkeypatch):
    """As they do when it comes from the hub; -1 stands for no label there."""
    monkeypatch.chdir(tmp_path)
    features = {"text": {"dtype": "string", "_type": "Value"}, "y": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    save({"y": [0, 1, 0, 1, -1]}, {"huggingface": json.dumps({"info": {"features": features}})})
    examples = read_csv("f.parquet", "y")
    assert examples.class_counts() == {"neg": 2, "pos": 2}
    assert [notice.text for notice in examples.notices] == [
        "f.parquet: class numbers in 'y' were read as the names that the file has for them.",
        "f.parquet: 1 row with a blank label in column 'y' is taken for a row without a label (row 5); "
        "--ignore-unlabelled leaves it out.",
    ]
