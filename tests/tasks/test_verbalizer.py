"""Label words decide what a score means; two classes with the same tokens would be one class."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspt_cli.foundation.errors import TemplateError
from crosspt_cli.tasks import TaskSpec, check_template, clean_label, load_template, make_verbalizer, parse_template
from crosspt_cli.tasks.verbalizer import LabelCheck

UNKNOWN = 2
GENERIC, SENTIMENT = load_template("generic"), load_template("sentiment")
OWN = """\
name: tickets
about: a
fields: 1
segments:
  - field: 1
label-words:
  invoice: billing
  refund: billing
  fault: 故障
  0: bad
"""


@pytest.mark.parametrize(
    ("label", "cleaned"),
    [
        ("customer_service-refund", "customer service refund"),
        ("playMusic", "play music"),
        ("HTTPError", "http error"),
        ("LABEL_3", "label 3"),
        ("__label__sports", "sports"),
        ("not_entailment", "not entailment"),
        ("Sci/Tech", "sci tech"),
        ("comp.os.windows", "comp os windows"),
        ("-1.5", "-1.5"),
        ("007", "007"),
        ("C++", "c++"),
        ("  two   spaces ", "two spaces"),
        ("___", ""),
    ],
)
def test_a_label_becomes_words(label, cleaned):
    """As people write labels in files."""
    assert clean_label(label) == cleaned


@given(st.text())
def test_a_cleaned_label_has_single_spaces_only(label):
    """Two spellings that differ in spaces are one label."""
    cleaned = clean_label(label)
    assert cleaned == " ".join(cleaned.split())


@pytest.mark.parametrize(
    ("template", "classes", "words"),
    [
        ("sentiment", ("neg", "pos"), ("negative", "positive")),
        ("sentiment", ("0", "1"), ("negative", "positive")),
        ("sentiment", ("1", "2", "3", "4", "5"), ("1", "2", "3", "4", "5")),
        ("sentiment", ("0", "1", "2"), ("0", "1", "2")),
        ("sentiment", ("N", "Y"), ("no", "yes")),
        ("sentiment", ("n", "p"), ("negative", "positive")),
        ("generic", ("0", "1"), ("0", "1")),
        ("generic", ("N", "Y"), ("no", "yes")),
        ("generic", ("E", "N", "S", "W"), ("e", "n", "s", "w")),
        ("generic", ("FALSE", "TRUE"), ("no", "yes")),
        ("generic", ("customer_service-refund", "other"), ("customer service refund", "other")),
        ("pair", ("c", "e", "n"), ("contradiction", "entailment", "neutral")),
        ("pair", ("n", "y"), ("no", "yes")),
        ("paraphrase", ("0", "1"), ("no", "yes")),
        ("topic", ("Sci/Tech", "World"), ("science and technology", "world")),
    ],
)
def test_labels_get_their_words(tokenize, template, classes, words):
    """Codes mean something only where the template knows all of them."""
    made = make_verbalizer(load_template(template), classes, tokenize, unknown=UNKNOWN)
    assert made.words == words
    assert made.tokens == tuple(tuple(tokenize(word)) for word in words)


def test_a_meaning_given_to_numbers_is_told(tokenize):
    """Someone's 1 may be a complaint."""
    made = make_verbalizer(SENTIMENT, ("0", "1"), tokenize, unknown=UNKNOWN)
    assert made.notes == ("The template reads 0 as 'negative' and 1 as 'positive'; --label-words says otherwise.",)
    assert make_verbalizer(SENTIMENT, ("neg", "pos"), tokenize, unknown=UNKNOWN).notes == ()


def test_seventy_seven_classes_work(tokenize):
    """As many as a real intent data set has."""
    verbs = ("activate", "cancel", "change", "order", "check", "lose", "find")
    nouns = ("card", "pin", "transfer", "limit", "rate", "refund", "cash", "fee", "top-up", "visa", "account")
    classes = tuple(f"{verb}_{noun}" for verb in verbs for noun in nouns)
    made = make_verbalizer(load_template("intent"), classes, tokenize, unknown=UNKNOWN)
    assert len(set(made.tokens)) == len(classes) == 77
    assert made.notes == ()


def test_an_alias_gives_way_to_a_label_of_that_name(tokenize):
    """`pos` and `positive` in one file are two classes."""
    made = make_verbalizer(SENTIMENT, ("pos", "positive"), tokenize, unknown=UNKNOWN)
    assert made.words == ("pos", "positive")
    assert made.notes == ("Label 'pos' is answered with 'pos', because 'positive' would stand for another label too.",)


def test_labels_equal_after_cbias_fall_back_to_how_they_stand(tokenize):
    """The raw label may still be told apart."""
    made = make_verbalizer(GENERIC, ("a_refund", "a refund"), tokenize, unknown=UNKNOWN)
    assert made.words == ("a_refund", "a refund")


def test_labels_equal_after_tokenising_are_numbered(tokenize):
    """A lower-casing tokenizer sees no difference between them."""
    made = make_verbalizer(GENERIC, ("BILLING", "Billing", "billing"), tokenize, unknown=UNKNOWN)
    assert made.words == ("billing", "billing 2", "billing 3")
    assert made.notes[0] == (
        "Label 'Billing' is answered with 'billing 2', because 'billing' would stand for another label too."
    )


def test_a_number_that_is_taken_is_passed_over(tokenize):
    """`billing 2` may be a class of its own."""
    made = make_verbalizer(GENERIC, ("Billing", "billing", "billing 2"), tokenize, unknown=UNKNOWN)
    assert made.words == ("Billing", "billing 3", "billing 2")


def test_labels_the_tokenizer_does_not_know_get_neutral_words(tokenize):
    """An English vocabulary has no Japanese; the classes still need tokens."""
    made = make_verbalizer(GENERIC, ("中国", "日本"), tokenize, unknown=UNKNOWN)
    assert made.words == ("label", "label 2")
    assert (
        made.notes[0] == "Label '中国' is answered with 'label', because '中国' is unknown to the backbone's tokenizer."
    )


def test_a_tokenizer_that_cannot_tell_labels_apart_is_told_by_name():
    """It must stop, not count forever."""
    with pytest.raises(TemplateError) as caught:
        make_verbalizer(GENERIC, ("a", "b"), lambda text: [5])
    assert str(caught.value) == (
        "label 'b': the backbone's tokenizer cannot tell any words for it from those of the other labels.\n"
        "Give it words of its own: --label-words 'b=words'."
    )


def test_own_words_come_before_all_others(tokenize):
    """The person knows best; the other classes step aside."""
    made = make_verbalizer(SENTIMENT, ("neg", "x", "y z"), tokenize, {"x": "negative"}, UNKNOWN)
    assert made.words == ("neg", "negative", "y z")


def test_own_words_that_clash_are_refused_with_the_line(tokenize):
    """The sentence of the style guide, word for word."""
    template = parse_template(OWN, "templates/tickets.yaml")
    with pytest.raises(TemplateError) as caught:
        make_verbalizer(template, ("invoice", "refund"), tokenize, unknown=UNKNOWN)
    assert str(caught.value) == (
        "templates/tickets.yaml line 8: label word 'billing' stands for both 'invoice' and 'refund'.\n"
        "Give each class its own words; 'crosspt templates check templates/tickets.yaml' shows how they are tokenised."
    )


def test_all_problems_of_own_words_are_told_at_once(tokenize):
    """Collected, each with its place."""
    template = parse_template(OWN, "tickets.yaml")
    with pytest.raises(TemplateError) as caught:
        make_verbalizer(template, ("fault", "a", "b"), tokenize, {"a": "Thanks", "b": "thanks", "fualt": "x"}, UNKNOWN)
    assert str(caught.value) == (
        "label words: 3 problems.\n"
        "  label words: no class is named 'fualt'; the nearest is 'fault'.\n"
        "  tickets.yaml line 9: label word '故障' of 'fault' is unknown to the backbone's tokenizer.\n"
        "  label words: the label words 'Thanks', 'thanks' of 'a' and 'b' are the same after tokenising.\n"
        "Give each class its own words; 'crosspt templates check tickets.yaml' shows how they are tokenised."
    )


def test_words_of_classes_that_do_not_occur_cannot_clash(tokenize):
    """A template may know more labels than a file has."""
    template = parse_template(OWN, "tickets.yaml")
    assert make_verbalizer(template, ("0", "1", "refund"), tokenize, unknown=UNKNOWN).words == ("bad", "1", "billing")


def test_check_shows_words_and_tokens(tokenize):
    """What `crosspt templates check` prints."""
    assert check_template(SENTIMENT, ("neg",), tokenize) == (
        LabelCheck("neg", "negative", tuple(tokenize("negative"))),
    )
    shown = check_template(SENTIMENT, (), tokenize, unknown=UNKNOWN)
    assert [row.words for row in shown] == ["positive", "negative", "neutral", "very positive", "very negative"]
    assert check_template(GENERIC, (), tokenize) == ()


def test_a_task_counts_in_a_known_metric(tokenize):
    """A misspelt metric would be found only at the end of the search."""
    made = make_verbalizer(GENERIC, ("a", "b"), tokenize)
    assert TaskSpec(GENERIC, made, "balanced_accuracy").metric == "balanced_accuracy"
    with pytest.raises(ValueError, match="must be one of accuracy, balanced_accuracy"):
        TaskSpec(GENERIC, made, "f1")


label = st.text(min_size=1, max_size=8) | st.sampled_from(
    ["pos", "POS", "positive", "y", "Y", "yes", "1", "01", "日本", "__", "label"]
)


@settings(max_examples=200)
@given(classes=st.lists(label, min_size=1, max_size=8, unique=True), name=st.sampled_from(["generic", "sentiment"]))
def test_any_labels_get_distinct_known_tokens(tokenize, classes, name):
    """Whatever stands in the label column."""
    made = make_verbalizer(load_template(name), classes, tokenize, unknown=UNKNOWN)
    assert len(set(made.tokens)) == len(classes)
    assert all(any(token != UNKNOWN for token in tokens) for tokens in made.tokens)
    assert made.classes == tuple(classes)
