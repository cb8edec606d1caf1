"""No text that a benchmark measures on may be trained on."""

import csv
import gzip

from recipes.backbone.texts import MeasuredTexts, read_paragraphs, read_sets
from recipes.sources.clean import clean

LONG = "the quick brown fox jumps over the lazy dog near the river bank at dawn"


def measured() -> MeasuredTexts:
    found = MeasuredTexts()
    found.add((LONG,))
    found.add(("how do i reset my card",))
    return found


def test_the_same_text_is_left_out_whatever_its_case_and_punctuation():
    assert measured().holds(("How do I reset my card?!",))
    assert not measured().holds(("How do I reset my phone?",))


def test_a_text_that_shares_most_of_its_runs_of_words_is_left_out():
    assert measured().holds((LONG.replace("quick", "slow") + " again",))
    assert not measured().holds(("the quick brown fox jumps over a fence, and then it runs away into the dark woods",))


def test_one_field_of_a_pair_is_enough():
    assert measured().holds(("Nobody has ever said this before, have they?", LONG))


def test_a_text_of_two_words_is_nobodys():
    found = MeasuredTexts()
    found.add(("thank you",))
    assert not found.holds(("thank you",))


def test_what_was_left_out_is_counted_by_set(data):
    found = MeasuredTexts.read(data / "targets")
    text = "the moon rose late over the quiet northern harbour"
    rows = [((text,), "a"), (("Something else entirely.",), "b")]
    assert [label for _, label in found.keep("mine", iter(rows))] == ["b"]
    assert found.left_out == {"mine": 1}


def test_sets_and_corpus_are_read_without_the_sets_that_are_named(data):
    found = MeasuredTexts.read(data / "targets")
    (tickets,) = read_sets(data / "sources", ("reviews",), found)
    assert (tickets.name, tickets.kind, tickets.licence) == ("tickets", "intent", "Apache-2.0 (use: open)")
    assert len(tickets.texts) == len(tickets.labels) >= 25
    some, all_of_it = (read_paragraphs(data / "corpus", megabytes, found) for megabytes in (0.004, 10))
    assert 0 < sum(map(len, some)) < 6000 < sum(map(len, all_of_it))


def test_a_banks_data_sets_are_copied_without_measured_rows(tmp_path):
    """The columns stay as they are, and what was left out is counted."""
    source, target = tmp_path / "train.csv.gz", tmp_path / "clean" / "set" / "train.csv.gz"
    rows = [("sentence1", "sentence2", "label"), (LONG, "a river", "no"), ("a cat, asleep", "a dog", "yes")]
    with gzip.open(source, "wt", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows(rows)
    assert clean(source, target, measured()) == (1, 1)
    with gzip.open(target, "rt", newline="", encoding="utf-8") as handle:
        assert [tuple(row) for row in csv.reader(handle)] == [rows[0], rows[2]]
