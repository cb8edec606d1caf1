"""The study as a whole: honest trials, honest pruning, honest endings."""

import dataclasses
import json
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from study_samples import NAMES, RUNGS, folds_of, many_classes, small_task, some_candidates

from crosspt_cli.core.read import answer_rows
from crosspt_cli.core.train import Population
from crosspt_cli.evidence import conclusions
from crosspt_cli.evidence.baselines import baseline_scores
from crosspt_cli.evidence.corrected import corrected_score
from crosspt_cli.evidence.judge import READOUTS, TEMPERATURES, Judged
from crosspt_cli.evidence.readout import Readout
from crosspt_cli.evidence.trial import Candidate
from crosspt_cli.foundation.errors import BudgetSpent, TrainingError
from crosspt_cli.onboarding.record import study_files
from crosspt_cli.search import held_out, judging, learning_curve, study, trials
from crosspt_cli.search.best_source import answers_of_best_source
from crosspt_cli.search.final import fit_final
from crosspt_cli.search.halving import Halved
from crosspt_cli.search.held_out import held_out_answers, population_answers
from crosspt_cli.search.pace import Pace
from crosspt_cli.search.plan import SCORING, Rung, work_left
from crosspt_cli.search.study import run_study
from crosspt_cli.search.trials import Trial, make_population

BAD = Candidate(NAMES[:1], 1.0, attention_rate=float("nan"))


def small_study(task=None, candidates=None, rungs=RUNGS, seeds=1, **more):
    task = task or small_task()
    return run_study(task, candidates or some_candidates(), folds_of(task), seeds, rungs, READOUTS["auto"], **more)


def by_trial(result, candidates) -> dict:
    """Return trials by what they are, not by where they stood in a list."""
    return {(candidates[trial.candidate], trial.fold, trial.seed): trial for trial in result.trials}


def assert_same_trials(one: dict, other: dict, atol: float) -> None:
    for key in one.keys() & other.keys():
        a, b = one[key], other[key]
        assert a.steps == b.steps
        assert np.array_equal(a.held_out, b.held_out)
        np.testing.assert_allclose(a.nats, b.nats, atol=atol)
        np.testing.assert_allclose(a.shares, b.shares, atol=atol)


@pytest.mark.parametrize("seeds", [1, 2])
def test_progress_counts_the_work_that_was_planned(seeds, monkeypatch):
    """The time left is worked out from it: every step is told of, and the last one is the whole."""
    told = []
    rising_utilities(monkeypatch)
    small_study(seeds=seeds, progress=lambda stage, done, total, detail="": told.append((stage, done, total, detail)))
    planned = work_left(RUNGS, 0, 3, 3 * seeds, 18)
    assert told.pop() == ("judging", 0, 1, "")
    assert {stage for stage, *_ in told} == {"searching"}
    np.testing.assert_allclose([total for _, _, total, _ in told], planned)
    assert len(told) == RUNGS[-1].steps + 1
    steps = np.diff([0, *(done for _, done, _, _ in told)])
    scoring = SCORING * 18  # of a trial, after the second, the fifth and the last step
    expected = [3, 3, 3 + 3 * scoring, 3, 3, 2 + 3 * scoring, 2, 2 * scoring]
    np.testing.assert_allclose(steps, np.array(expected) * 3 * seeds)
    assert told[-1][1] == told[-1][2]
    assert told[0][3].startswith("4 of 4 candidates in the race")
    assert re.fullmatch(r"3 of 4 candidates in the race, best \d+ %", told[-1][3])


def test_a_trial_is_the_same_whoever_is_searched_with_it():
    """Alone, in another order, and cut into passes of one trial: the same predictions."""
    rungs = (Rung(5, 9),)
    candidates = some_candidates()
    whole = by_trial(small_study(rungs=rungs), candidates)
    turned = candidates[::-1]
    assert_same_trials(whole, by_trial(small_study(candidates=turned, rungs=rungs), turned), atol=1e-4)
    for candidate in candidates:
        alone = by_trial(small_study(candidates=[candidate], rungs=rungs), [candidate])
        assert len(alone) == 3
        assert_same_trials(whole, alone, atol=1e-4)


def test_memory_never_decides_what_is_found(monkeypatch):
    """One trial at a time gives the same study."""
    wide = small_study()
    monkeypatch.setattr(trials, "TOKENS_AT_ONCE", 1)
    narrow = small_study()
    candidates = some_candidates()
    assert_same_trials(by_trial(wide, candidates), by_trial(narrow, candidates), atol=1e-4)
    assert (wide.choice, wide.reason) == (narrow.choice, narrow.reason)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_same_seed_gives_the_same_study_to_the_last_bit(dtype):
    """And another seed another one."""
    one, same, other = (small_study(small_task(dtype=dtype, seed=seed)) for seed in (0, 0, 1))
    assert (one.choice, one.reason, one.ranks) == (same.choice, same.reason, same.ranks)
    assert (one.corrected, one.verdict.sentence) == (same.corrected, same.verdict.sentence)
    for a, b in zip(one.trials, same.trials, strict=True):
        assert np.array_equal(a.nats, b.nats)
        assert np.array_equal(a.bias, b.bias)
    assert any(not np.array_equal(a.held_out, b.held_out) for a, b in zip(one.trials, other.trials, strict=True))


def test_held_out_rows_are_those_of_the_fold_and_none_is_trained_on():
    """Predictions per row are kept, and the estimate is made of them."""
    task = small_task()
    folds = folds_of(task)
    result = small_study(task)
    for trial in result.trials:
        assert np.array_equal(trial.held_out, folds[trial.fold].held_out)
        assert trial.nats.shape == (len(trial.held_out), 2)
    population = trials.make_population(task, some_candidates(), [trials.Trial(0, f, 0) for f in range(3)], folds, 50)
    for fold, rows in zip(folds, population.batches, strict=True):
        assert set(rows.flatten().tolist()) == set(fold.train.tolist())


def test_a_fold_mixes_the_sources_its_own_training_rows_rank_first():
    """Held-out rows have no say in which sources help them."""
    task = small_task()
    folds = folds_of(task)
    every = [trials.Trial(0, fold, 0) for fold in range(3)]
    bank = trials.make_population(task, [Candidate(NAMES[:1], 0.5)], every, folds, 5).bank.parts[0].method
    for fold, allowed in zip(folds, bank.allowed, strict=True):
        first = task.untouched.ranks(task.labels, fold.train)[0].name
        assert [name for name, used in zip(NAMES, allowed, strict=False) if used] == [first]
        assert allowed.sum() == 2


def test_private_prompts_start_at_the_sources_mean_or_in_the_vocabulary():
    """Where the method says."""
    task = small_task()
    candidates = [Candidate(NAMES, 0.5), Candidate((), 1.0)]
    every = [trials.Trial(candidate, 0, seed) for candidate in (0, 1) for seed in (0, 1)]
    bank = trials.make_population(task, candidates, every, folds_of(task), 5).bank.parts[0].method
    assert torch.equal(bank.private[0], bank.private[1])
    torch.testing.assert_close(bank.private.detach()[0], task.sources.mean(0))
    assert not torch.equal(bank.private[2], bank.private[3])
    embedding = task.backbone.t5.embedding
    assert all((embedding == row).all(1).any() for row in bank.private.detach()[2])


def test_baselines_stand_on_the_same_folds():
    """The table's columns are comparable."""
    task = small_task()
    found = small_study(task).baselines
    wanted = baseline_scores(task.plain, task.vectors, task.labels, folds_of(task))
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name].correct, wanted[name].correct) for name in wanted)


def fixed_utilities(monkeypatch, utilities: dict[int, float]) -> None:
    """Let candidates score what the test says; everything else of the study is real."""

    def judge_readouts(of_candidate, options, labels):
        utility = np.full(len(labels), utilities[of_candidate[0].candidate])
        return (Judged(Readout(0.0), utility, np.zeros_like(utility)),)

    monkeypatch.setattr(study, "judge_readouts", judge_readouts)


def rising_utilities(monkeypatch) -> None:
    """Let every candidate be better than before whenever it is scored."""
    scores = iter(np.linspace(-9, -1, 1000))

    def judge_readouts(of_candidate, options, labels):
        utility = np.full(len(labels), next(scores))
        return (Judged(Readout(0.0), utility, np.zeros_like(utility)),)

    monkeypatch.setattr(study, "judge_readouts", judge_readouts)


def test_one_whose_held_out_score_stopped_rising_is_complete_and_m_0_goes_on(monkeypatch):
    """More steps would not help it; the others' scores are as they would have been."""
    fixed_utilities(monkeypatch, {0: -9.0, 1: -1.0, 2: -2.0, 3: -3.0})
    result = small_study(rungs=(Rung(2, 3), Rung(4, 3), Rung(6, 3)))
    assert {trial.candidate: trial.steps for trial in result.trials} == {0: 6, 1: 0, 2: 4, 3: 4}
    assert [found.state for found in result.candidates] == ["complete"] * 4


def test_a_study_of_which_nothing_goes_on_ends_early(monkeypatch):
    """And tells of the whole as done."""
    told = []
    monkeypatch.setattr(study, "halve", lambda results, steps, keep: Halved((), ()))
    result = small_study(progress=lambda stage, done, total, detail="": told.append((stage, done, total)))
    assert max(trial.steps for trial in result.trials) == RUNGS[0].steps
    assert not result.stopped_early
    (searched,) = [done == total for stage, done, total in told if stage == "searching"][-1:]
    assert searched


def test_a_source_untouched_takes_no_steps_and_answers_what_the_best_source_answers():
    """Attention over one source and its own copy has nothing to learn."""
    task = small_task()
    result, answers = small_study(task), answers_of_best_source(task, folds_of(task))
    of_it = [trial for trial in result.trials if trial.candidate == 1]
    assert len(of_it) == 3
    for trial in of_it:
        assert (trial.steps, trial.state, trial.shares.tolist()) == (0, "complete", [1.0, 0.0])
        assert np.array_equal(trial.nats, answers.held_out[trial.fold].nats)
        assert np.array_equal(trial.bias, answers.held_out[trial.fold].bias)
    trained = trials.make_population(task, [Candidate(NAMES[:1], 0.0)], [trials.Trial(0, 0, 0)], folds_of(task)[:1], 4)
    for _ in range(4):
        trained.step()
    np.testing.assert_allclose(trained.answers([of_it[0].held_out])[0].nats, of_it[0].nats, atol=1e-5)


def test_halving_keeps_the_best_and_the_best_without_sources(monkeypatch):
    """M = 0 is what the choice is compared with, so even the worst of all goes on; attention only is settled."""
    candidates = (Candidate((), 0.5), Candidate((), 1.0), Candidate(NAMES, 0.0), *some_candidates()[2:])
    ups = {0: -9.0, 1: -8.0, 2: -1.0, 3: -2.0, 4: -3.0}
    rises = iter(range(1, 100))

    def judge_readouts(of_candidate, options, labels):
        utility = np.full(len(labels), ups[of_candidate[0].candidate] + 1e-3 * next(rises))
        return (Judged(Readout(0.0), utility, np.zeros_like(utility)),)

    monkeypatch.setattr(study, "judge_readouts", judge_readouts)
    result = small_study(candidates=candidates, rungs=(Rung(2, 3), Rung(4, 2), Rung(6, 2)))
    assert [found.state for found in result.candidates] == ["pruned", "complete", "complete", "complete", "pruned"]
    last = {trial.candidate: trial.steps for trial in result.trials}
    assert last == {0: 2, 1: 6, 2: 2, 3: 6, 4: 4}
    assert (result.count("complete"), result.count("pruned"), result.count("failed")) == (9, 6, 0)


def test_a_candidate_keeps_the_steps_at_which_it_was_best(monkeypatch):
    """The number of steps is chosen along with the rest."""
    scores = iter([-1.0, -0.5, -0.7])

    def judge_readouts(of_candidate, options, labels):
        utility = np.full(len(labels), next(scores))
        return (Judged(Readout(0.0), utility, np.zeros_like(utility)),)

    monkeypatch.setattr(study, "judge_readouts", judge_readouts)
    result = small_study(candidates=[Candidate((), 1.0)], rungs=(Rung(2, 1), Rung(4, 1), Rung(6, 1)))
    assert result.chosen.steps == 4
    assert result.chosen.utility.mean() == pytest.approx(-0.5)
    assert {trial.steps for trial in result.trials} == {6}


def test_the_correction_chooses_again_among_all_that_was_judged(monkeypatch):
    """Steps, readouts and temperatures were chosen on held-out rows like the candidate; one that failed was not."""
    seen = []

    def spied(candidates, judged, classes, doublings, random, distinct, pool):
        seen.append((candidates, judged, doublings))
        assert (classes, distinct) == (2, 1.0)
        return corrected_score(candidates, judged, classes, doublings, random)

    monkeypatch.setattr(conclusions, "corrected_score", spied)
    result = small_study(candidates=(*some_candidates(), BAD))
    ((candidates, judged, doublings),) = seen
    assert tuple(candidates) == some_candidates()
    assert 2**doublings == pytest.approx(1.5, rel=0.05)  # three folds
    steps = {trial.candidate: trial.steps for trial in result.trials}
    rungs = [max(1, sum(rung.steps <= steps[number] for rung in RUNGS)) for number in range(4)]
    assert [len(of_one) for of_one in judged] == [len(TEMPERATURES) * len(READOUTS["auto"]) * count for count in rungs]
    assert max(rungs) == len(RUNGS)
    for of_one, found in zip(judged, result.candidates, strict=False):
        most = max(of_one, key=lambda each: each.utility.sum())
        assert most.readout == found.readout
        assert most.utility.tolist() == found.utility.tolist()
    expected = result.corrected.accuracy
    assert 0 <= expected.low <= expected.value <= expected.high <= 1


def test_failed_trials_are_reported_and_leave_the_others_alone():
    """One candidate with an impossible learning rate among sound ones."""
    sound = some_candidates()
    candidates = (sound[0], BAD, *sound[1:])
    rungs = (Rung(2, 9), Rung(4, 9))
    with_bad, without = small_study(candidates=candidates, rungs=rungs), small_study(rungs=rungs)
    assert [found.state for found in with_bad.candidates] == ["complete", "failed", *["complete"] * 3]
    assert with_bad.count("failed") == 3
    assert with_bad.chosen.candidate in sound
    assert with_bad.chosen.candidate == without.chosen.candidate
    assert_same_trials(by_trial(without, sound), by_trial(with_bad, candidates), atol=1e-4)


@pytest.mark.parametrize("what", ["nats", "similarity"])
def test_a_single_held_out_number_that_is_none_fails_its_candidate(what, monkeypatch):
    """Compared with others, NaN would win: whatever is asked of it is answered as if it were the most."""

    def spoiled(population, labels, folds):
        found = population_answers(population, labels, folds)
        getattr(found[0], what)[0] = np.nan
        return found

    sound = small_study(rungs=(Rung(4, 9),))
    monkeypatch.setattr(study, "population_answers", spoiled)
    result = small_study(rungs=(Rung(4, 9),))
    assert [found.state for found in result.candidates] == ["failed", *["complete"] * 3]
    assert result.choice != 0
    assert [found.utility.tolist() for found in result.candidates[1:]] == [
        found.utility.tolist() for found in sound.candidates[1:]
    ]
    record = json.loads(study_files(result)["study.json"], parse_constant=pytest.fail)
    assert [record["candidates"][0][key] for key in ("mean", "se", "per_fold", "utility")] == [None, None, [], None]


def test_600_classes_are_answered():
    """More classes than prototypes had rows: each has its own, and the answers are no longer all class 0."""
    task = many_classes(600)
    result = run_study(task, [Candidate((), 1.0)], folds_of(task, 2), 1, (Rung(2, 1),), READOUTS["auto"])
    assert all(np.isfinite(trial.similarity).all() for trial in result.trials)
    assert np.isfinite(result.chosen.utility).all()
    assert result.chosen.score.mean > 0.9
    fit = fit_final(task, result.chosen.candidate, 2, 2)
    rows = torch.arange(0, 1200, 7)
    found = answer_rows(task.backbone, torch.tensor(fit.prompt)[None], rows * 0, task.texts, rows, task.tree, 10_000)
    similarity = fit.prototypes.similarity(found.vectors, found.plain)
    answers = result.chosen.readout.log_shares(found.nats, fit.bias, similarity).argmax(1)
    assert (answers == task.labels[rows]).mean() > 0.9


def test_a_study_whose_trials_all_fail_says_so():
    """Instead of saving a task that answers NaN."""
    with pytest.raises(TrainingError) as caught:
        small_study(candidates=[BAD])
    assert str(caught.value) == (
        "study: all 3 trials failed: the loss became nan.\n"
        "Try --dtype fp32 or smaller --lr-ratios; if it stays, the backbone's weights may be damaged."
    )


def test_a_deadline_before_the_first_step_ends_in_an_error():
    """There is nothing to keep."""
    with pytest.raises(BudgetSpent) as caught:
        small_study(deadline=time.monotonic() - 1)
    assert str(caught.value) == (
        "max_seconds: the time was up before the first training step.\n"
        "Allow more time; `plan_onboarding` says how long it may take."
    )


class Clock:
    """A clock by which every step of the population takes a second, and nothing else takes any time."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        for module in (study, judging, learning_curve):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))
        step = Population.step

        def ticking(population):
            self.now += 1.0
            step(population)

        monkeypatch.setattr(Population, "step", ticking)


@pytest.mark.parametrize("steps", [1, 2, 4, 6])
def test_a_deadline_later_on_leaves_a_whole_study(steps, monkeypatch):
    """Every candidate has a score, whenever the time was up."""
    clock = Clock(monkeypatch)
    monkeypatch.setattr(study._Study, "reserve", lambda self: 0.0)
    monkeypatch.setattr(study._Study, "_scoring_s", lambda self: 0.0)
    result = small_study(deadline=steps - 0.5)
    assert result.stopped_early
    assert clock.now == steps
    assert len(result.candidates) == 4
    assert all(np.isfinite(found.utility).all() for found in result.candidates)
    assert max(found.steps for found in result.candidates) <= steps
    assert not small_study(deadline=99.0).stopped_early


def test_the_search_leaves_time_for_what_comes_after_it(monkeypatch):
    """It ends at the step after which the rest would no longer be done by the deadline, and not before."""
    clock, reserves = Clock(monkeypatch), []
    reserve = study._Study.reserve

    def told(self):
        reserves.append((clock.now, reserve(self)))
        return reserves[-1][1]

    monkeypatch.setattr(study._Study, "reserve", told)
    result = small_study(deadline=9.0)
    assert result.stopped_early
    assert reserves[:2] == [(0.0, 0.0), (1.0, 0.0)]  # the first step takes longer than others, and says nothing
    assert all(now + kept <= 9.0 for now, kept in reserves[:-1])
    assert sum(reserves[-1]) > 9.0
    pace = Pace()
    pace.measured(1.0, 9, on_cpu=True)
    assert reserves[2][1] >= pace.answering_s(3 * 18) + pace.conclusions_s(18) + pace.final_fit_s(2, 18)


def test_a_search_ends_before_a_scoring_that_would_come_too_late(monkeypatch):
    """Every candidate was scored; the rest of the time is for what has to come after."""
    clock = Clock(monkeypatch)
    monkeypatch.setattr(study._Study, "reserve", lambda self: 0.0)
    monkeypatch.setattr(study._Study, "_scoring_s", lambda self: 3.0)
    result = small_study(rungs=(Rung(2, 3), Rung(5, 2), Rung(7, 1)), deadline=7.5)
    assert result.stopped_early
    assert clock.now == 5
    assert max(found.steps for found in result.candidates) == 2


def test_single_sources_are_left_out_where_the_time_is_up(monkeypatch):
    """The last fit comes first; that they were not looked at is told."""
    Clock(monkeypatch)
    candidates, rungs = [Candidate(NAMES[:2], 0.5)], (Rung(2, 1),)
    every = small_study(small_task(), candidates, rungs, deadline=1e6)
    none = small_study(small_task(), candidates, rungs, deadline=2.5)
    assert every.sharing.sources and not every.sources_left_out
    assert none.sources_left_out and not none.sharing.sources
    assert "One source prompt is all" not in none.sharing.sentence


def test_a_curve_that_would_not_be_done_in_time_is_left_out_and_told_of(monkeypatch):
    """Half a curve says nothing; that there is none, the person should know."""
    task, clock = small_task(rows=36), Clock(monkeypatch)

    def found(deadline):
        clock.now = 0.0
        return small_study(task, [Candidate((), 1.0)], (Rung(2, 1),), deadline=deadline, curve=(0.25, 0.5))

    monkeypatch.setattr(study._Study, "reserve", lambda self: 0.0)
    with_curve, without = found(999.0), found(7.0)
    assert len(with_curve.curve.points) == 3
    assert not with_curve.curve_left_out
    assert not without.stopped_early
    assert without.curve_left_out
    assert len(without.curve.points) == 1
    assert not small_study(task, [Candidate((), 1.0)], (Rung(2, 1),)).curve_left_out


def test_a_study_moves_neither_backbone_nor_sources():
    """To the last bit."""
    task = small_task()
    frozen = [tensor.clone() for tensor in [*task.backbone.t5.tensors(), task.sources]]
    result = small_study(task)
    fit_final(task, result.chosen.candidate, 3, 7)
    assert all(map(torch.equal, frozen, [*task.backbone.t5.tensors(), task.sources]))


def test_without_sources_only_the_private_prompt_is_searched():
    """A backbone of one's own works before any source was trained for it."""
    result = small_study(small_task(sources=0), candidates=[Candidate((), 0.5), Candidate((), 1.0)])
    assert result.ranks == ()
    assert all(trial.shares.tolist() == [1.0] for trial in result.trials)


def test_what_speaks_for_a_readout_beforehand_counts_between_rungs_too(monkeypatch):
    """A later rung whose readout is more usual is kept, though held-out rows alone are a little for the earlier one."""
    task, rows = small_task(), len(small_task().labels)

    def judged(utility: float, log_prior: float) -> Judged:
        return Judged(Readout(0.0), np.full(rows, utility), np.zeros(rows), log_prior)

    assert rows * 0.1 < 4
    at_rungs = iter([judged(-0.4, -4.0), judged(-0.5, 0.0), judged(-0.6, 0.0)])
    monkeypatch.setattr(study, "best_readout", lambda every: next(at_rungs))
    found = small_study(task, [Candidate((), 1.0)])
    assert found.chosen.steps == RUNGS[1].steps


def held_by(value, seen: set[int]) -> int:
    """Return how many bytes of arrays a value holds; an array that is held twice counts once."""
    if isinstance(value, np.ndarray):
        owner = value if value.base is None else value.base
        fresh = id(owner) not in seen
        seen.add(id(owner))
        return owner.nbytes if fresh and isinstance(owner, np.ndarray) else 0
    if dataclasses.is_dataclass(value):
        return sum(held_by(getattr(value, each.name), seen) for each in dataclasses.fields(value))
    if isinstance(value, dict):
        return sum(held_by(each, seen) for each in value.values())
    return sum(held_by(each, seen) for each in value) if isinstance(value, (list, tuple)) else 0


def test_a_study_holds_a_few_hundred_bytes_of_a_row(monkeypatch):
    """In float32 and once: what is held of a row decides how many rows fit into memory."""
    held, judged = [], []

    def spied(candidates, every, classes, doublings, random, distinct, pool):
        judged.append(held_by(every, set()))
        return corrected_score(candidates, every, classes, doublings, random)

    monkeypatch.setattr(conclusions, "corrected_score", spied)
    for rows in (30, 90):
        result = small_study(small_task(rows), rungs=(Rung(2, 3), Rung(4, 3)))
        assert all(trial.nats.dtype == trial.similarity.dtype == np.float32 for trial in result.trials)
        held.append(held_by(result, set()))
    readouts, configurations = len(READOUTS["auto"]), len(READOUTS["auto"]) * len(TEMPERATURES)
    assert (judged[1] - judged[0]) / 60 <= 7 * 4 * (
        configurations + readouts
    )  # 7: three candidates twice, and a source
    assert (held[1] - held[0]) / 60 < 500


def test_trials_are_answered_in_parts_of_bounded_size(monkeypatch):
    """The vectors of all trials at once were most of a study's memory; what is found is the same."""
    task = small_task(rows=30)
    folds, trials = folds_of(task), [Trial(0, f, s) for f in range(3) for s in range(2)]
    population = make_population(task, [Candidate((), 1.0)], trials, folds, 4)
    population.step()
    of = [folds[trial.fold] for trial in trials]
    whole, largest = population_answers(population, task.labels, of), []
    answers = population.answers

    def watched(rows, first):
        largest.append(sum(map(len, rows)))
        return answers(rows, first)

    monkeypatch.setattr(population, "answers", watched)
    monkeypatch.setattr(held_out, "ROWS_AT_ONCE", 70)
    parts = population_answers(population, task.labels, of)
    assert largest == [60, 60, 60]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one.nats, other.nats, atol=1e-5)
        np.testing.assert_allclose(one.similarity, other.similarity, atol=1e-5)
        assert np.array_equal(one.bias, other.bias)
    alone = [each.nats for each in held_out_answers(task, task.sources, folds)]
    monkeypatch.setattr(held_out, "ROWS_AT_ONCE", 1)
    for one, other in zip(alone, held_out_answers(task, task.sources, folds), strict=True):
        np.testing.assert_allclose(one, other.nats, atol=1e-5)


def test_near_copies_make_no_interval_narrower():
    """Four copies of a text are one text: 36 rows of which a quarter is left say as much as nine."""
    task = small_task(rows=36)
    whole, copied = small_study(task), small_study(dataclasses.replace(task, distinct=0.25))
    narrow, wide = (found.corrected.accuracy for found in (whole, copied))
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)
    assert copied.corrected.rows_worth <= 9
    for name, beside in whole.verdict.methods.items():
        one, again = beside.difference, copied.verdict.methods[name].difference
        assert again.value == one.value
        assert again.high - again.low > one.high - one.low
