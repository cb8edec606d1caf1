"""Did sharing help? Each source taken out of the trained mixture, on rows that had no say in it."""

import numpy as np
import pytest
import torch
from study_samples import NAMES, folds_of, small_task, trial_result

from crosspt_cli.core.methods import Mixed
from crosspt_cli.core.read import score_rows
from crosspt_cli.evidence.bias import bias_of, class_share
from crosspt_cli.evidence.intervals import Estimate
from crosspt_cli.evidence.judge import READOUTS
from crosspt_cli.evidence.outcome import Comparison, Verdict, score_of
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.sharing import _sentence, did_sharing_help
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.evidence.verdict import ALONE
from crosspt_cli.search import judging
from crosspt_cli.search.plan import Rung
from crosspt_cli.search.study import run_study
from crosspt_cli.search.without_source import without_each_source

SCORE = score_of(np.ones(4), (1.0,), 0.0)


def sharing_of(task, candidate, trials, mixtures, verdict):
    """Return what sharing was worth, by label words alone."""
    without = without_each_source(task, folds_of(task), candidate, trials, mixtures)
    return did_sharing_help(candidate, Readout(0.0), without, task.labels, verdict, task.distinct)


def test_a_source_is_taken_out_and_its_share_goes_to_the_rest():
    """Written out: what is left keeps its proportions."""
    values = torch.arange(12.0).view(3, 2, 2)
    mixture = Mixed((0, 2), torch.full((2, 2), 100.0), torch.tensor([0.5, 0.3, 0.2]))
    left = mixture.without(0, values, private_is_copy=False)
    torch.testing.assert_close(left, 0.6 * values[2] + 0.4 * torch.full((2, 2), 100.0))


def test_a_private_prompt_that_is_the_sources_mean_loses_the_source_as_well():
    """Or what was taken out would stay in through the back door."""
    values = torch.arange(12.0).view(3, 2, 2)
    mixture = Mixed((0, 1, 2), values.mean(0), torch.tensor([0.4, 0.2, 0.2, 0.2]))
    left = mixture.without(0, values, private_is_copy=True)
    torch.testing.assert_close(left, values[1:].mean(0))


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_a_sources_worth_is_the_accuracy_lost_on_held_out_rows(ratio):
    """Fold by fold by hand, the bias taken from training rows only."""
    task = small_task(rows=24)
    folds = folds_of(task)
    mixtures = [Mixed((0, 1), task.sources[:2].mean(0), torch.tensor([0.5, 0.25, 0.25])) for _ in folds]
    trials, lost = [], np.zeros(len(task.labels))
    for number, fold in enumerate(folds):
        whole = torch.einsum("m,mph->ph", mixtures[0].shares, torch.cat([task.sources[:2], mixtures[0].private[None]]))
        left = mixtures[0].without(0, task.sources, private_is_copy=ratio == 0)
        nats = {}
        for name, prompt in (("whole", whole), ("left", left)):
            every = torch.arange(len(task.labels))
            nats[name] = score_rows(task.backbone, prompt[None], every * 0, task.texts, every, task.tree, 10_000)
        bias = bias_of(nats["left"][fold.train], task.labels[fold.train], class_share(task.labels[fold.train], 2))
        held_out = fold.held_out
        trials.append(trial_result(0, held_out, nats["whole"][held_out], fold=number))
        before = nats["whole"][held_out].argmax(1) == task.labels[held_out]
        after = (nats["left"][held_out] - bias).argmax(1) == task.labels[held_out]
        lost[held_out] = before.astype(float) - after
    found = sharing_of(task, Candidate(NAMES[:2], ratio), trials, mixtures, Verdict({}, None, ""))
    worth = {name: each.worth for name, each in found.sources.items()}
    assert worth.keys() == set(NAMES[:2])
    assert worth[NAMES[0]].value == pytest.approx(lost.mean())
    assert worth[NAMES[0]].low <= worth[NAMES[0]].value <= worth[NAMES[0]].high


def test_only_the_folds_that_used_a_source_say_what_it_is_worth():
    """Elsewhere there was nothing to take out: every row was right, and on two folds it would stay so."""
    task = small_task(rows=24)
    folds, shares = folds_of(task), torch.tensor([0.5, 0.3, 0.2])
    right = np.where(np.eye(2)[task.labels] > 0, 0.0, -9.0)
    trials = [trial_result(0, fold.held_out, right[fold.held_out], fold=n) for n, fold in enumerate(folds)]
    mixtures = [Mixed((0, 1) if n == 0 else (1, 2), task.sources[0], shares) for n in range(len(folds))]
    found = sharing_of(task, Candidate(NAMES, 0.5), trials, mixtures, Verdict({}, None, ""))
    worth = {name: each.worth.value for name, each in found.sources.items()}
    assert worth.keys() == set(NAMES)

    fold, left, every = folds[0], mixtures[0].without(0, task.sources, False), torch.arange(len(task.labels))
    nats = score_rows(task.backbone, left[None], every * 0, task.texts, every, task.tree, 10_000)
    answers = (
        nats - bias_of(nats[fold.train], task.labels[fold.train], class_share(task.labels[fold.train], 2))
    ).argmax(1)
    wrong = (answers != task.labels)[fold.held_out].mean()
    assert wrong > 0
    assert worth[NAMES[0]] == pytest.approx(wrong)


def test_a_study_says_what_sharing_was_worth(monkeypatch):
    """Against M = 0 the sign is turned round; the sources in use are named."""

    task = small_task(rows=24)
    monkeypatch.setattr(judging, "choose", lambda results, _: (1, "because"))
    candidates = [Candidate((), 1.0), Candidate(NAMES[:2], 0.5)]
    found = run_study(task, candidates, folds_of(task), 2, (Rung(2, 2), Rung(4, 2)), READOUTS["auto"])
    alone = found.verdict.methods[ALONE]
    against, beside = found.sharing.against_alone.worth, alone.difference
    assert against == Estimate(-beside.value, -beside.high, -beside.low)
    assert set(found.sharing.sources) <= set(NAMES[:2])
    assert found.sharing.sources


def test_without_sources_and_with_one_alone_it_says_so():
    """There is nothing to take out."""
    task = small_task()
    beside = Verdict({ALONE: Comparison(SCORE, Estimate(-0.1, -0.2, 0.0), "cannot tell")}, None, "")
    none = sharing_of(task, Candidate((), 1.0), [], [], beside)
    assert (none.against_alone, none.sources, none.sentence) == (None, {}, "")
    one = sharing_of(task, Candidate(NAMES[:1], 0.0), [], [], beside)
    assert one.sources == {}
    assert one.sentence == (
        "Whether sharing helps, these rows cannot tell: +10.0 points (90 % interval 0.0 to +20.0) over a private "
        "prompt alone."
    )


@pytest.mark.parametrize(
    ("against", "said"),
    [
        ((0.1, 0.02, 0.2), "Sharing helps: +10.0 points (90 % interval +2.0 to +20.0) over a private prompt alone."),
        (
            (-0.06, -0.2, 0.08),
            "Whether sharing helps, these rows cannot tell: −6.0 points (90 % interval −20.0 to +8.0) over a private "
            "prompt alone. The choice also counts how probable the right labels were made, and which candidate is "
            "simpler.",
        ),
        (
            (-0.06, -0.1, -0.01),
            "Sharing costs right answers: −6.0 points (90 % interval −10.0 to −1.0) over a private prompt alone. The "
            "choice also counts how probable the right labels were made, and which candidate is simpler.",
        ),
    ],
)
def test_what_sharing_is_worth_does_not_contradict_the_choice(against, said):
    """Minus six points beside a choice of sharing reads as a mistake, unless it is said what else decided."""
    assert _sentence(Estimate(*against), {}) == said


def test_a_choice_on_shortened_texts_that_sharing_speaks_against_says_so():
    """Else the reason would be one that did not decide."""
    told = _sentence(Estimate(-0.04, -0.1, 0.02), {}, shortened=True)
    assert told.endswith("The choice was made on texts read shortened, and this is of texts in full.")
    assert "shortened" not in _sentence(Estimate(0.04, -0.1, 0.02), {}, shortened=True)


def test_the_sentence_names_the_most_useful_source_and_every_harmful_one():
    """Negative transfer is said out loud."""
    worth = {"sst2": Estimate(0.041, 0.01, 0.07), "cola": Estimate(-0.03, -0.05, -0.01)}
    assert _sentence(None, worth) == (
        "Of the sources sst2 helps most: +4.1 points (90 % interval +1.0 to +7.0). "
        "cola harms: −3.0 points (90 % interval −5.0 to −1.0) (negative transfer)."
    )
    unsure = {"sst2": Estimate(0.01, -0.02, 0.03)}
    assert _sentence(None, unsure) == "No single source makes a difference that these rows can show."
