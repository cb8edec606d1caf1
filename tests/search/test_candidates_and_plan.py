"""What is tried, and how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.errors import OptionError
from crosspt_cli.foundation.methods import find_method
from crosspt_cli.search.candidates import make_candidates
from crosspt_cli.search.plan import (
    BUDGETS,
    SCORING,
    Rung,
    budget_candidates,
    count_trial_steps,
    find_budget,
    make_rungs,
    total_steps,
    work_left,
)

RANKED = tuple("abcdefghij")


@given(st.integers(0, 10), st.lists(st.integers(0, 12), max_size=4), st.lists(st.floats(0, 10), max_size=4))
def test_m_zero_and_attention_only_are_always_tried(sources, ms, ratios):
    """Each of them is the best choice on some kind of task, and what the others are compared with."""
    candidates = make_candidates(RANKED[:sources], ms, ratios)
    assert len(set(candidates)) == len(candidates)
    alone = [candidate for candidate in candidates if candidate.m == 0]
    assert alone
    assert all(candidate.lr_ratio > 0 for candidate in alone)  # else nothing at all would be trained
    for m in {min(m, sources) for m in ms} - {0}:
        assert Candidate(RANKED[:m], 0.0) in candidates
    assert all(candidate.sources == RANKED[: candidate.m] for candidate in candidates)


def test_every_usable_pair_is_tried_once_and_reads_like_this():
    """The names are what people see in the table."""
    assert [str(candidate) for candidate in make_candidates(RANKED, (0, 1, 3), (0.0, 0.1, 1.0))] == [
        "M = 0 (private prompt only, lr 0.2)",
        "M = 1, source untouched",
        "M = 1, ratio 0.1",
        "M = 1, ratio 1",
        "M = 3, attention only",
        "M = 3, ratio 0.1",
        "M = 3, ratio 1",
    ]
    assert [str(c) for c in make_candidates((), (0, 1, 3), (0.0, 0.1, 1.0))] == ["M = 0 (private prompt only, lr 0.2)"]


def test_the_quick_budget_leaves_out_what_seldom_wins():
    """The normal one does not."""
    assert [str(candidate) for candidate in budget_candidates(BUDGETS["quick"], RANKED)] == [
        "M = 0 (private prompt only, lr 0.2)",
        "M = 1, source untouched",
        "M = 3, ratio 1",
    ]
    assert [str(candidate) for candidate in budget_candidates(BUDGETS["quick"], RANKED[:1])] == [
        "M = 0 (private prompt only, lr 0.2)",
        "M = 1, source untouched",
    ]
    normal = BUDGETS["normal"]
    assert budget_candidates(normal, RANKED) == make_candidates(RANKED, normal.ms, normal.ratios)


@pytest.mark.parametrize(
    ("method", "tried"),
    [
        ("decomposed", ["decomposed, M = 0, lr 0.2"]),
        ("transfer", ["transfer, M = 0, lr 0.2", "M = 1, source untouched", "transfer, M = 1, lr 0.2"]),
        (
            "mixture-decomposed",
            ["mixture-decomposed, M = 0, lr 0.2", "M = 1, source untouched", "mixture-decomposed, M = 3, lr 0.2"],
        ),
    ],
)
def test_other_methods_are_tried_with_as_many_sources_as_they_may_use(method, tried):
    """Of one that may use a single source, that source is tried with training even by the quick budget."""
    usable = RANKED[: find_method(method).most_sources]
    assert [str(candidate) for candidate in budget_candidates(BUDGETS["quick"], usable, method)] == tried


@pytest.mark.parametrize(("method", "still"), [("mixture", "mixture"), ("encoded", "mixture"), ("router", "router")])
def test_where_only_attention_is_trained_candidates_are_mixtures(method, still):
    """What a private prompt that never moves is made of makes no difference; what shares are sampled by does."""
    every = make_candidates(RANKED, (0, 1, 3), (0.0, 1.0), method)
    assert {each.method for each in every if each.lr_ratio == 0} == {still}
    assert {each.method for each in every if each.lr_ratio > 0} == {method}


A, ABC = ("a",), ("a", "b", "c")


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (Candidate((), 1.0), "a private prompt without source prompts"),
        (Candidate(A, 0.0), "the source prompt a, untouched"),
        (Candidate(A, 1.0), "the source prompt a and a private prompt"),
        (Candidate(ABC, 0.0), "3 source prompts (a, b, c), only their shares trained"),
        (Candidate(ABC, 0.0, method="router"), "3 source prompts (a, b, c), only their shares trained"),
        (Candidate((), 1.0, method="layers"), "a private prompt for each encoder layer"),
        (Candidate((), 1.0, method="decomposed"), "a private prompt of low rank"),
        (Candidate(A, 1.0, method="mixture-decomposed"), "the source prompt a and a private prompt of low rank"),
        (Candidate((), 1.0, method="residual"), "a private prompt with a network's output added"),
        (Candidate(A, 1.0, method="encoded"), "the source prompt a and a private prompt behind a linear layer"),
        (
            Candidate(ABC, 1.0, method="learned-sources"),
            "3 source prompts (a, b, c), trained along, and a private prompt",
        ),
        (Candidate(A, 1.0, method="multiplied"), "the source prompt a, frozen, with trained scales"),
        (
            Candidate(A, 1.0, method="router"),
            "the source prompt a and a private prompt, their shares sampled while training",
        ),
        (Candidate(A, 1.0, method="transfer"), "a private prompt that started at the source prompt a"),
        (Candidate((), 1.0, method="transfer"), "a private prompt without source prompts"),
        (Candidate(A, 1.0, method="a later one"), "prompts of the method a later one"),
    ],
)
def test_candidates_say_what_they_are(candidate, words):
    """To people who know no letters."""
    assert candidate.words == words


def test_only_sources_that_are_mixed_in_have_shares():
    """A prompt that started at a source has none of it left that could be taken out."""
    assert Candidate(ABC, 1.0, method="learned-sources").shared == ABC
    assert Candidate(A, 0.0, method="transfer").shared == A  # the source as it is
    for method in ("transfer", "multiplied"):
        candidate = Candidate(A, 1.0, method=method)
        assert candidate.shared == ()
        assert not candidate.is_mixed
        assert Candidate((), 1.0, method=method).is_alone
    assert not Candidate((), 1.0, method="decomposed").is_alone


def test_simpler_is_attention_only_then_fewer_sources_then_slower():
    """What the one-standard-error rule leans towards."""
    ordered = [
        Candidate(("a",), 0.0),
        Candidate(("a", "b"), 0.0),
        Candidate((), 0.5),
        Candidate((), 1.0),
        Candidate(("a",), 0.1),
        Candidate(("a",), 1.0),
        Candidate(("a", "b"), 0.1),
    ]
    assert sorted(reversed(ordered), key=lambda candidate: candidate.simplicity) == ordered


def test_the_private_rate_is_the_ratio_times_the_attention_rate():
    """The ratio's definition."""
    assert Candidate(("a",), 0.5, attention_rate=0.2).lr == pytest.approx(0.1)


def test_an_unknown_budget_is_refused():
    """With the names there are."""
    with pytest.raises(OptionError) as caught:
        find_budget("huge")
    assert str(caught.value) == "budget: is 'huge', but must be one of quick, normal, thorough."
    assert find_budget("quick").name == "quick"


@pytest.mark.parametrize("name", BUDGETS)
@given(rows=st.integers(4, 100_000), candidates=st.integers(1, 30))
def test_rungs_grow_to_the_last_step_and_keep_no_more_than_there_are(name, rows, candidates):
    """Whatever the task's size."""
    budget = BUDGETS[name]
    rungs = make_rungs(budget, rows, candidates)
    steps, kept = [rung.steps for rung in rungs], [rung.keep for rung in rungs]
    assert steps == sorted(set(steps))
    assert steps[-1] == total_steps(budget, rows)
    assert kept == sorted(kept, reverse=True)
    assert max(kept) <= candidates
    assert all(keep >= 2 for keep in kept[:-1]) or candidates == 1  # room for the best and for M = 0


def test_larger_tasks_get_more_steps_but_fewer_per_row():
    """From 64 rows on."""
    steps = [total_steps(BUDGETS["quick"], rows) for rows in (8, 64, 128, 1024)]
    assert steps[0] == steps[1] == BUDGETS["quick"].steps
    assert steps[1] < steps[2] < steps[3] < 16 * steps[1]


def test_trial_steps_are_counted_rung_by_rung():
    """2 steps of 5 candidates, 3 more of 3, 5 more of 2, each on 4 folds."""
    candidates = [Candidate((), 1.0), *(Candidate(("a",), ratio) for ratio in (0.0, 0.1, 0.2, 0.5, 1.0))]
    assert count_trial_steps((Rung(2, 3), Rung(5, 2), Rung(10, 1)), candidates, 4) == (2 * 5 + 3 * 3 + 5 * 2) * 4


def test_the_work_left_is_that_of_the_rungs_to_come():
    """Who waits is told from it how long: steps, and scoring, which takes longer the more rows there are."""
    rungs = (Rung(2, 3), Rung(5, 2), Rung(10, 1))
    whole = work_left(rungs, 0, 5, 4, 100)
    assert whole == (2 * 5 + 3 * 3 + 5 * 2) * 4 + SCORING * 100 * (5 + 3 + 2) * 4
    assert work_left(rungs, 2, 5, 4, 100) == whole - 2 * 5 * 4  # still to be scored
    assert work_left(rungs[1:], 2, 1, 4, 100) == (3 + 5 + 2 * SCORING * 100) * 4  # fewer went on than may
