"""`add-task reviews.csv` alone must ask a sensible question."""

import pytest

from crosspt_cli.foundation.errors import TemplateError
from crosspt_cli.tasks import ANY, Segment, choose_template, fit_template, load_template

MANY = tuple(f"{verb} {noun}" for verb in ("book", "cancel", "change") for noun in ("flight", "hotel", "car"))


@pytest.mark.parametrize(
    ("columns", "classes", "name"),
    [
        (("text",), ("negative", "positive"), "sentiment"),
        (("text",), ("NEG", "Neutral", "POS"), "sentiment"),
        (("text",), ("anger", "joy", "sadness"), "sentiment"),
        (("text",), ("business", "sports"), "topic"),
        (("text",), ("human", "location", "entity", "number"), "topic"),
        (("text",), MANY, "intent"),
        (("text",), (*MANY, "w2"), "intent"),
        (("text",), ("0", "1"), "generic"),
        (("text",), ("Y", "N"), "generic"),
        (("text",), tuple(f"LABEL_{number}" for number in range(9)), "generic"),
        (("text",), ("spam", "not spam"), "generic"),
        (("sentence1", "sentence2"), ("entailment", "not_entailment"), "pair"),
        (("premise", "hypothesis"), ("0", "1", "2"), "pair"),
        (("a", "b"), ("duplicate", "not_duplicate"), "paraphrase"),
        (("question1", "question2"), ("0", "1"), "paraphrase"),
        (("question", "passage"), ("yes", "no"), "question"),
        (("question", "sentence"), ("entailment", "not_entailment"), "pair"),
        (("title", "body"), ("yes", "no"), "generic"),
        (("subject", "body"), ("positive", "negative"), "generic"),
        (("a", "b", "c"), ("entailment", "neutral"), "generic"),
    ],
)
def test_labels_then_columns_then_names_choose(columns, classes, name):
    """Each row is a file people really have."""
    assert choose_template(columns, classes).name == name


@pytest.mark.parametrize(
    ("columns", "classes", "reason"),
    [
        (("text",), ("negative", "positive"), "'sentiment': it knows the labels negative and positive."),
        (("passage", "question"), ("yes", "no"), "'question': it knows the text columns passage and question."),
        (("text",), MANY, "'intent': 9 classes, with names of 2.0 words on average."),
        (("a", "b"), ("x", "y"), "'generic': no other template knows the labels or the text columns a and b."),
        (("text",), ("0", "1"), "'generic': no other template knows the labels or the text column text."),
    ],
)
def test_the_choice_is_explained_in_a_sentence(columns, classes, reason):
    """A choice nobody can follow cannot be corrected."""
    assert choose_template(columns, classes).reason == reason


def test_the_chosen_template_is_bound_to_the_data():
    """`generic` reads however many columns there are, in the order of the file, with a mark between."""
    template = choose_template(("title", "body"), ("a", "b"))
    assert template.fields == 2
    assert template.segments == (Segment(field=0, cut=True), Segment(text="|"), Segment(field=1, cut=True))
    assert load_template("generic").fields == ANY


def test_columns_are_bound_by_name_whatever_their_order_in_the_file():
    """A file may have its passage before its question."""
    template = fit_template(load_template("question"), ("Passage", "Question "))
    assert [segment.field for segment in template.segments] == [None, 1, None, 0]
    assert fit_template(template, ("Passage", "Question ")) == template


def test_columns_without_known_names_are_bound_in_order():
    """Naming the template is enough to use it."""
    template = fit_template(load_template("question"), ("a", "b"))
    assert [segment.field for segment in template.segments] == [None, 0, None, 1]


def test_two_columns_of_one_role_are_not_guessed():
    """`question` twice says nothing about which is which."""
    template = fit_template(load_template("question"), ("question", "query"))
    assert [segment.field for segment in template.segments] == [None, 0, None, 1]


def test_a_template_for_another_number_of_columns_is_refused():
    """The sentence says how many columns it wants, and which ones there are."""
    with pytest.raises(TemplateError) as caught:
        fit_template(load_template("pair"), ("text",))
    path = load_template("pair").path
    assert str(caught.value) == (
        f"{path}: template 'pair' reads 2 text columns, and the data has 1 (text).\n"
        "Name 2 with --text-col, or pass --template generic, which reads any number."
    )
