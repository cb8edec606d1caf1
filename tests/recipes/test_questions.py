"""Labelled sets as questions: the right answer stays the right one however it is asked."""

import numpy as np
import pytest

from recipes.backbone.joint import set_chances
from recipes.backbone.store import TokenSet, TokenTexts
from recipes.backbone.tasks import NEXT, Asker, load_phrasings

WORDS: dict[str, int] = {}


def tokenize(text: str) -> list[int]:
    """Return one id per word, punctuation apart, so that rows can be read back."""
    spaced = text.replace(",", " ,").replace(".", " .").replace("?", " ?").replace(":", " :")
    return [WORDS.setdefault(word, len(WORDS) + 1000) for word in spaced.split()]


def read_back(ids: list[int]) -> str:
    names = {number: word for word, number in WORDS.items()}
    return " ".join(names.get(token, f"#{token}") for token in ids)


def packed(rows: list[list[int]]) -> TokenTexts:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return TokenTexts(np.array([token for row in rows for token in row], np.uint16), starts)


@pytest.fixture
def asker() -> Asker:
    """Return an asker over a corpus whose paragraph n holds only the number n."""
    corpus = packed([[10 + number] * 12 for number in range(60)])
    return Asker(load_phrasings(), tokenize, corpus, [f"code{number}" for number in range(60)], 30)


SENTIMENT = TokenSet(
    "reviews", "sentiment", (packed([[5] * 6] * 30 + [[6] * 6] * 3),), np.array([0] * 30 + [1] * 3),
    ("negative", "positive"),
)  # fmt: skip


def test_every_answer_belongs_to_its_text_and_rare_classes_are_asked_as_often(asker):
    labels = []
    for seed in range(60):
        question = asker.instructed(SENTIMENT, 200, np.random.default_rng(seed))
        for row, label in zip(question.rows, question.labels, strict=True):
            assert (6 in row, 5 in row) == (label == 1, label == 0)
        labels += question.labels.tolist()
    assert 0.4 < np.mean(labels) < 0.6


def test_a_coded_answer_is_explained_in_the_question(asker):
    """Which code means what differs from question to question, so it must be read."""
    seen = 0
    asker.code_words = ["stone", "green", "seven", "walk"]
    for seed in range(60):
        question = asker.instructed(SENTIMENT, 60, np.random.default_rng(seed))
        text = read_back(question.rows[0])
        if " means " in text:
            seen += 1
            codes = [word for word in asker.code_words if word in text]
            assert len(codes) == 2
            assert {int(token) for token in question.tree.label_tokens} == {WORDS[code] for code in codes}
    assert seen


def test_a_set_with_many_classes_is_asked_about_in_parts_and_in_whole(asker):
    names = tuple(f"class {number}" for number in range(40))
    many = TokenSet("many", "topic", (packed([[20 + n] * 5 for n in range(40)] * 2),), np.arange(80) % 40, names)
    sizes = set()
    for seed in range(40):
        question = asker.instructed(many, 100, np.random.default_rng(seed))
        sizes.add(len(question.tree.path_node))
        assert question.labels.max() < len(question.tree.path_node)
    assert min(sizes) >= 3
    assert max(sizes) == 40


def test_without_an_instruction_nothing_but_the_text_stands_there(asker):
    question = asker.plain(SENTIMENT, 100, 20, np.random.default_rng(0))
    assert all(set(row) in ({5}, {6}) for row in question.rows)


def test_a_question_has_about_as_many_tokens_as_it_is_given(asker):
    """Instruction, options and prompt are read too, and count."""
    for seed in range(40):
        question = asker.instructed(SENTIMENT, 300, np.random.default_rng(seed))
        longest = max(map(len, question.rows)) + 1
        assert 300 <= sum(len(row) + 1 for row in question.rows) < 300 + longest
    rows = asker.plain(SENTIMENT, 300, 20, np.random.default_rng(0)).rows
    assert 300 <= sum(len(row) + 21 for row in rows) < 300 + 27


def test_an_episode_has_several_rows_of_every_class_and_nothing_but_text(asker):
    rows, labels = asker.episode(SENTIMENT, 100, np.random.default_rng(0))
    assert np.bincount(labels).min() >= 2
    assert len({(tuple(row), label) for row, label in zip(rows, labels, strict=True)}) == 2
    assert {row[0] for row in rows} == {5, 6}


def test_kinds_are_asked_about_as_often_as_the_settings_say():
    """Two sets of one kind share what the kind has; what is not listed counts 1."""
    again = TokenSet("more", "sentiment", SENTIMENT.fields, SENTIMENT.labels, SENTIMENT.names)
    other = TokenSet("other", "topic", SENTIMENT.fields, SENTIMENT.labels, SENTIMENT.names)
    chances = set_chances([SENTIMENT, again, other], {"sentiment": 4})
    assert chances.tolist() == pytest.approx([2 / 6, 2 / 6, 1 / 6, 1 / 6])


def test_passages_that_follow_each_other_do(asker):
    """Paragraph n holds the number n: the answer can be read off."""
    for seed in range(30):
        question = asker.instructed(NEXT, 150, np.random.default_rng(seed))
        for row, label in zip(question.rows, question.labels, strict=True):
            numbers = list(dict.fromkeys(token for token in row if 10 <= token < 70))
            follows = len(numbers) == 2 and numbers[1] == numbers[0] + 1
            if label == 1:
                assert follows
    assert NEXT.names == ("no", "yes")


def test_every_kind_has_more_than_one_way_of_being_asked():
    for kind, phrasing in load_phrasings().items():
        assert len(set(phrasing["ask"])) >= 2, kind
        for marks in phrasing.get("mark", []):
            assert len(marks) == 2, kind
        assert all(isinstance(word, str) for words in phrasing.get("words", {}).values() for word in words), kind
