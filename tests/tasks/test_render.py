"""What the backbone reads: a mistake here costs accuracy and says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.foundation.errors import TemplateError
from crosspt_cli.tasks import InputEncoder, Segment, Template, fit_template, load_template, render
from crosspt_cli.tasks.render import share_room

END = 1
PAIR = fit_template(load_template("pair"), ("premise", "hypothesis"))


def test_a_single_text_is_the_bare_text_and_the_end_token(tokenize):
    """Every literal word would cost time and bring nothing."""
    template = fit_template(load_template("sentiment"), ("text",))
    assert render(template, ("A fine day.",), tokenize, 128, END) == ([*tokenize("A fine day."), END], 0)


def test_two_texts_stand_behind_their_markers(tokenize):
    """The columns must be told apart."""
    ids, cut = render(PAIR, ("it rains", "it is wet"), tokenize, 128, END)
    assert (ids, cut) == ([*tokenize("first: it rains second: it is wet"), END], 0)


def test_the_longest_text_is_cut_first_and_the_markers_stay(tokenize):
    """A short hypothesis must survive a long premise."""
    ids, cut = render(PAIR, ("rain " * 50, "it is wet"), tokenize, 20, END)
    marks = len(tokenize("first: second:"))
    kept = 20 - 1 - marks - 3
    assert ids == [*tokenize("first: " + "rain " * kept + "second: it is wet"), END]
    assert cut == 50 - kept


def test_a_blank_row_still_gives_an_input(tokenize):
    """Predicting answers every row."""
    template = fit_template(load_template("generic"), ("text",))
    assert render(template, ("",), tokenize, 8, END) == ([END], 0)


def test_what_may_not_be_cut_is_never_cut(tokenize):
    """Refused with numbers rather than shortened behind the person's back."""
    template = Template("own", "a", 2, (Segment(field=0), Segment(field=1, cut=True)), path="own.yaml")
    ids, cut = render(template, ("a b c", "d e f g"), tokenize, 6, END)
    assert (ids, cut) == ([*tokenize("a b c d e"), END], 2)
    with pytest.raises(TemplateError) as caught:
        render(template, ("a b c d e f", "g"), tokenize, 6, END)
    assert str(caught.value) == (
        "own.yaml: the segments that may not be cut need 6 tokens, and the input holds 5.\n"
        "Shorten the literal text, or put 'cut: yes' under the fields that may be cut."
    )


def test_literal_text_that_leaves_no_room_is_refused_before_the_first_row(tokenize):
    """Better before training than in the middle of it."""
    template = Template("own", "a", 1, (Segment(text="a b c d e"), Segment(field=0, cut=True)), path="own.yaml")
    with pytest.raises(TemplateError, match="the literal text alone needs 5 tokens, and the input holds 5"):
        InputEncoder(template, tokenize, 6, END)


def test_an_unbound_template_is_a_mistake_of_the_caller(tokenize):
    """`generic` does not know its number of columns yet."""
    with pytest.raises(ValueError, match="call fit_template first"):
        InputEncoder(load_template("generic"), tokenize, 128, END)


def test_literal_text_is_tokenised_once():
    """A million rows share the same markers."""
    seen = []
    encoder = InputEncoder(PAIR, lambda text: seen.append(text) or [7], 128, END)
    for _ in range(3):
        encoder.encode(("a", "b"))
    assert seen.count("first:") == seen.count("second:") == 1


def test_a_shortened_text_keeps_its_front_and_its_end(tokenize):
    """Two thirds and one third of what is left; markers stay, and so do short texts."""
    encoder = InputEncoder(PAIR, tokenize, 128, END)
    premise = " ".join(map(str, range(30)))
    tokens = encoder.tokens((premise, "it is wet"))
    ids = encoder.shortened(tokens, 20)
    assert len(ids) == 20
    room = 20 - 1 - len(tokenize("first: second:")) - 3
    end = room // 3
    kept = [*tokens[0][: room - end], *tokens[0][-end:]]
    assert ids == [*tokenize("first:"), *kept, *tokenize("second: it is wet"), END]
    assert encoder.shortened(tokens, 128) == encoder.put_together(tokens)[0]


def test_a_shortened_text_has_no_more_than_the_whole_input_has(tokenize):
    """Its end is the end of what predictions read."""
    encoder = InputEncoder(fit_template(load_template("sentiment"), ("text",)), tokenize, 13, END)
    tokens = encoder.tokens((" ".join(map(str, range(40))),))
    assert encoder.shortened(tokens, 10) == [*tokens[0][:6], *tokens[0][9:12], END]


def test_the_windows_of_a_long_text_are_equal_and_have_all_of_it(tokenize):
    """The other text stands beside each of them; an input that fits is its own window."""
    encoder = InputEncoder(PAIR, tokenize, 20, END)
    tokens = encoder.tokens(("rain snow hail " * 10, "it is wet"))
    windows, lost = encoder.windows(tokens)
    assert lost == 0 and [len(ids) for ids in windows] == [18, 18, 18]
    for number, ids in enumerate(windows):
        part = tokens[0][10 * number : 10 * number + 10]
        assert ids == [*tokenize("first:"), *part, *tokenize("second: it is wet"), END]
    short = encoder.tokens(("it rains", "it is wet"))
    assert encoder.windows(short) == ([encoder.put_together(short)[0]], 0)


def test_of_two_long_texts_the_longer_one_is_windowed(tokenize):
    """What the other loses is still lost, and said to be."""
    encoder = InputEncoder(PAIR, tokenize, 20, END)
    tokens = encoder.tokens(("rain " * 60, "wet " * 30))
    windows, lost = encoder.windows(tokens)
    assert sum(ids.count(tokenize("rain")[0]) for ids in windows) == 60
    assert lost == 30 - windows[0].count(tokenize("wet")[0]) > 0
    assert all(len(ids) <= 20 for ids in windows)


def test_what_may_not_be_cut_is_not_shortened(tokenize):
    """An input is then as long as it is."""
    encoder = InputEncoder(Template("own", "a", 2, (Segment(field=0), Segment(field=1, cut=True))), tokenize, 20, END)
    tokens = encoder.tokens(("a b c d e f", "g h i"))
    assert encoder.shortened(tokens, 4) == [*tokenize("a b c d e f"), END]


@given(st.lists(st.integers(0, 40), max_size=5), st.integers(0, 100))
def test_the_room_is_filled_and_only_the_longest_lose(lengths, room):
    """As the well-known longest-first truncation, to within the one token that does not divide."""
    kept = share_room(lengths, room)
    assert sum(kept) == min(sum(lengths), room)
    assert all(0 <= part <= length for part, length in zip(kept, lengths, strict=True))
    shortened = [part for part, length in zip(kept, lengths, strict=True) if part < length]
    if shortened:
        assert max(kept) - min(shortened) <= 1


@given(
    st.lists(st.integers(0, 30), min_size=3, max_size=3),
    st.integers(8, 40),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_an_input_never_exceeds_its_length_and_counts_what_it_lost(lengths, most, may_cut):
    """Too long an input would be cut again, silently, further down."""
    segments = (Segment(text="lit"), *(Segment(field=i, cut=cut) for i, cut in enumerate(may_cut)))
    encoder = InputEncoder(Template("t", "a", 3, segments), lambda text: [9] * len(text), most, END)
    fixed = 3 + sum(length for length, cut in zip(lengths, may_cut, strict=True) if not cut)
    fields = ["x" * length for length in lengths]
    if fixed > most - 1:
        with pytest.raises(TemplateError):
            encoder.encode(fields)
        return
    ids, cut = encoder.encode(fields)
    assert len(ids) == min(most, 3 + sum(lengths) + 1)
    assert len(ids) + cut == 3 + sum(lengths) + 1
    assert ids[-1] == END
