"""Hub data sets are read like files, and their absence is a sentence."""

import os
import subprocess
import sys

import pytest

from crosspt_cli.data import read_csv
from crosspt_cli.data.hub import split_hub_name
from crosspt_cli.foundation.errors import NotFound, OptionError

ROOT = __file__.rsplit("/tests/", 1)[0]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("hf:imdb", ("imdb", None, "train")),
        ("hf:imdb:test", ("imdb", None, "test")),
        ("hf:glue:sst2", ("glue", "sst2", "train")),
        ("hf:nyu-mll/glue:sst2:validation", ("nyu-mll/glue", "sst2", "validation")),
        ("hf:imdb:train[:100]", ("imdb", None, "train[:100]")),
        ("hf:glue:sst2:train[5:10]", ("glue", "sst2", "train[5:10]")),
    ],
)
def test_a_hub_name_has_a_data_set_a_configuration_and_a_split(name, parts):
    """One extra part may be either of the two."""
    assert split_hub_name(name) == parts


def test_a_hub_name_of_another_form_is_refused():
    """A stray colon must not fetch another data set."""
    with pytest.raises(OptionError) as caught:
        split_hub_name("hf:a:b:c:d")
    assert str(caught.value) == (
        "hf:a:b:c:d: is not a hub data set's name.\nWrite hf:NAME, hf:NAME:CONFIG or hf:NAME:CONFIG:SPLIT."
    )


def test_an_unreachable_data_set_is_not_found_and_names_the_settings():
    """Offline, waiting for minutes or a traceback are the usual answers."""
    pytest.importorskip("datasets")
    code = (
        "from crosspt_cli.data import read_csv\n"
        "try: read_csv('hf:nobody/nothing', 'label')\n"
        "except Exception as error: print(type(error).__name__, error, sep='|')"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.startswith("NotFound|hf:nobody/nothing: cannot be fetched: ")
    assert done.stdout.endswith(
        "\nCheck the spelling; unset HF_HUB_OFFLINE to fetch it, or point HF_HOME at a cache that holds it already.\n"
    )


def test_a_hub_that_does_not_answer_is_no_question_of_settings(monkeypatch):
    """Whoever has set nothing must not be told to unset it."""
    datasets = pytest.importorskip("datasets")

    def fail(*_given, **_named):
        raise ConnectionError("no answer")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(NotFound) as raised:
        read_csv("hf:nobody/nothing", "label")
    assert str(raised.value).endswith(
        "\nCheck the spelling; check the network, or point HF_HOME at a cache that holds it already."
    )


@pytest.fixture
def local_data_set(tmp_path, monkeypatch):
    """A folder as the hub would serve it, with class numbers that have names."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    rows = {"text": ["so good", "so bad", "too good", "too bad", "who knows"], "label": [1, 0, 1, 0, -1]}
    folder = tmp_path / "set"
    folder.mkdir()
    datasets.Dataset.from_dict(rows, features=features).to_parquet(folder / "train.parquet")
    return folder


def test_class_numbers_become_their_names(local_data_set):
    """Label words are made from names; 0 and 1 say nothing."""
    examples = read_csv(f"hf:{local_data_set}", "label")
    assert examples.labels() == ("pos", "neg", "pos", "neg")
    assert [row.line for row in examples.rows] == [1, 2, 3, 4]
    (notice,) = examples.notices
    assert (notice.kind, notice.lines) == ("blank-label", (5,))


def test_an_unknown_split_is_not_found(local_data_set):
    """The split is the part most often guessed."""
    with pytest.raises(NotFound) as caught:
        read_csv(f"hf:{local_data_set}:test", "label")
    assert "cannot be loaded: Unknown split" in str(caught.value)
