"""What does it gain to train trials together? In one run: peft one by one, ours one by one, ours together.

    python bench/population.py                              the whole normal search on the embedded backbone
    python bench/population.py --shape t5-base --steps 30   64 trials, random weights of T5-base's shape, for a GPU

All train the same number of trials on the same backbone, rows, batches of 8 and steps, and score the held-out rows at
the same steps:

- **peft**: PROMPT_TUNING, AdamW, padded batches, the whole vocabulary in the loss (`peers/peft_trials.py`), at its
  default number format, float32, and again in bfloat16. `--peft-steps` of the steps are measured, spread over each
  trial; where there are more, the whole is extrapolated from their mean, and the output says so.
- **one after another**: crosspt's own arithmetic, a population of one trial at a time.
- **together**: one population.

The last two must agree to rounding, and the logits of peft's model at the label words must be ours: the differences
are printed. The share of the device's matrix rate is the operations of all training steps (counted as `flops.py` says)
over the seconds they took, over the rate of a large product in the same number format and run. Seconds count training
and scoring; on a GPU `peak_memory_mb` is what was held at most beyond what was held before, the weights.

With `mini` and neither --trials nor --steps the plan is the normal budget's, pruning included: which trials go on is
fixed beforehand, because it does not change the cost. A loop of one's own over a grid prunes nothing, so what peft
would take for all trials to their end is printed too, extrapolated by the steps. Its rows are the 64 of `onboard.py`
with --data, else those of `examples/reviews.csv`. Other plans train all trials to the end.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from flops import matrix_rate, training_flops, wait_for
from machine import describe, typed
from peers.peft_trials import PeftTrial
from studies import Plan, Study, make_study

from crosspt_cli.core.devices import choose_device, choose_dtype
from crosspt_cli.core.read import score_rows
from crosspt_cli.search.plan import BATCH
from crosspt_cli.search.trials import Trial


@dataclass
class Spent:
    """Seconds by what they went into, and the most bytes of a GPU's memory held meanwhile."""

    device: torch.device
    seconds: dict[str, float] = field(default_factory=dict)
    peak: int = 0

    @contextmanager
    def on(self, what: str):
        """Count the time inside."""
        wait_for(self.device)
        began = time.perf_counter()
        yield
        wait_for(self.device)
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - began
        if self.device.type == "cuda":  # at once: the next pass that is measured sets the count back
            self.peak = max(self.peak, torch.cuda.max_memory_allocated(self.device))

    def result(self) -> dict:
        """Return seconds by what they went into and in all."""
        rounded = {f"{what}_seconds": round(value, 3) for what, value in self.seconds.items()}
        return {"seconds": round(sum(self.seconds.values()), 3)} | rounded


def measured(device: torch.device, run, *arguments) -> tuple[dict, dict]:
    """Return what `run` answers, and its time with, on a GPU, its peak memory."""
    spent = Spent(device)
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
    found = run(spent, *arguments)
    result = spent.result() | found.pop("result", {})
    if device.type == "cuda":
        result["peak_memory_mb"] = round((spent.peak - before) / 1e6)
    return found, result


def train(study: Study, trials: tuple[Trial, ...], plan: Plan, spent: Spent) -> tuple[list[np.ndarray], np.ndarray]:
    """Return each trial's last held-out log-likelihoods [h, C], and the losses [T] of the first step."""
    with spent.on("train"):
        population = study.population(trials)
        population.step()
        first = population.losses.cpu().numpy()
    answers = [np.empty(0)] * len(trials)
    for steps, alive in plan.rungs:
        if alive < len(population.bank):
            population.keep(range(alive))
        with spent.on("train"):
            while population.steps < steps:
                population.step()
        with spent.on("score"):
            held_out = [study.folds[trial.fold].held_out for trial in trials[:alive]]
            answers[:alive] = [found.nats for found in population.answers(held_out)]
    return answers, first


def together(spent: Spent, study: Study) -> dict:
    """Train one population."""
    answers, first = train(study, study.trials, study.plan, spent)
    return {"answers": answers, "first": first}


def one_after_another(spent: Spent, study: Study) -> dict:
    """Train a population of one for each trial."""
    each = [train(study, (trial,), study.plan.of(t), spent) for t, trial in enumerate(study.trials)]
    return {"answers": [answers[0] for answers, _ in each], "first": np.concatenate([first for _, first in each])}


def with_peft(spent: Spent, study: Study, most_steps: int) -> dict:
    """Train about `most_steps` of the plan's steps with peft, and extrapolate to all of them."""
    share = min(1.0, most_steps / study.plan.trial_steps)
    done, scored, scorings = 0, 0, sum(alive for _, alive in study.plan.rungs)
    batches = study.population(study.trials).batches.cpu().numpy()
    for t, trial in enumerate(study.trials):
        with spent.on("begin"):
            peft_trial = PeftTrial(study.model, study.prompt_tokens, study.rows, study.task.labels, study.words)
        begin = 0
        for steps, _ in study.plan.of(t).rungs:
            wanted = max(1, round(share * (steps - begin)))
            with spent.on("train"):
                for step in range(begin, begin + wanted):
                    peft_trial.step(batches[t, step])
            with spent.on("score"):
                peft_trial.logits(study.folds[trial.fold].held_out)
            done, scored, begin = done + wanted, scored + 1, steps
        if done >= most_steps:
            break
    for what, of_all in (
        ("begin", len(study.trials) / (t + 1)),
        ("train", study.plan.trial_steps / done),
        ("score", scorings / scored),
    ):
        spent.seconds[what] *= of_all
    return {"result": {"measured_steps": done, "extrapolated": done < study.plan.trial_steps}}


def peft_difference(study: Study) -> float:
    """Return the largest difference in nats between peft's model in float32 and ours, on a batch under one prompt.

    Both are restricted to the first tokens of the label words; NaN where two of these are the same.
    """
    first = [word[0] for word in study.words]
    if len(set(first)) < len(first):
        return float("nan")
    task, rows = study.task, np.arange(BATCH)
    trial = PeftTrial(study.model.float(), study.prompt_tokens, study.rows, task.labels, study.words)
    trial.set_prompt(task.sources[0])
    theirs = trial.logits(rows)[:, 0, first].log_softmax(-1).cpu().numpy()
    index = torch.as_tensor(rows)
    ours = score_rows(task.backbone, task.sources[:1], index * 0, task.texts, index, task.tree, 10_000)
    return float(np.abs(ours - theirs).max())


def counted_flops(study: Study) -> int:
    """Return the operations of all training steps of the plan."""
    batches = study.population(study.trials).batches
    lengths = study.task.texts.lengths[batches] + study.prompt_tokens  # [T, steps, B]
    begins = (0, *(steps for steps, _ in study.plan.rungs))
    parts = [lengths[:alive, a:b] for a, (b, alive) in zip(begins, study.plan.rungs, strict=False)]
    tokens = torch.cat([part.flatten() for part in parts]).tolist()
    return training_flops(study.task.backbone.t5, tokens, study.task.tree)


def measure(chosen: argparse.Namespace) -> dict:
    """Return everything of one run."""
    device = choose_device(chosen.device)
    dtype = choose_dtype(chosen.dtype, device)
    study = make_study(chosen, device, dtype)
    check = peft_difference(study)
    rate = matrix_rate(device, dtype)
    variants, found = {}, {}
    for name, kind in (("peft, float32", torch.float32), ("peft, bfloat16", torch.bfloat16)):
        study.model.to(kind)
        with_peft(Spent(device), study, 1)  # what is compiled or allocated once is not of interest
        _, variants[name] = measured(device, with_peft, study, chosen.peft_steps)
    study.model.to("cpu")
    train(study, study.trials[:1], Plan(((1, 1),)), Spent(device))
    for name, run in (("one after another", one_after_another), ("together", together)):
        found[name], variants[name] = measured(device, run, study)
    return _described(chosen, study, device, dtype) | {
        "variants": variants,
        "times_as_fast_together": {
            name: round(variant["seconds"] / variants["together"]["seconds"], 2) for name, variant in variants.items()
        },
        "times_as_fast_as_every_trial_to_its_end": {
            name: round(variant["seconds"] * study.plan.unpruned / variants["together"]["seconds"], 2)
            for name, variant in variants.items()
            if name.startswith("peft")
        },
        "differences_in_nats": {"peft's model in float32 and ours, same prompt": check}
        | _differences(found["one after another"], found["together"]),
        "matrix": rate | _share(counted_flops(study), variants["together"]["train_seconds"], rate["flops_per_second"]),
    }


def _described(chosen: argparse.Namespace, study: Study, device: torch.device, dtype: torch.dtype) -> dict:
    return {
        "machine": describe() | {"peft": metadata.version("peft"), "threads": torch.get_num_threads()},
        "command": typed(["bench/population.py", *sys.argv[1:]], chosen.data),
        "shape": chosen.shape, "device": device.type, "dtype": str(dtype).removeprefix("torch."),
        "rows": len(study.rows), "tokens_per_row": round(float(np.mean([len(row) for row in study.rows])), 1),
        "prompt_tokens": study.prompt_tokens, "batch": BATCH,
        "trials": len(study.trials), "rungs": study.plan.rungs, "trial_steps": study.plan.trial_steps,
    }  # fmt: skip


def _differences(alone: dict, joint: dict) -> dict[str, float]:
    pairs = zip(alone["answers"], joint["answers"], strict=True)
    return {
        "alone and together, loss of the first step": float(np.abs(alone["first"] - joint["first"]).max()),
        "alone and together, held-out rows at the end": max(float(np.abs(a - b).max()) for a, b in pairs),
    }


def _share(flops: int, seconds: float, rate: float) -> dict[str, float]:
    reached = flops / seconds
    return {"population_flops": flops, "population_flops_per_second": reached, "share": round(reached / rate, 4)}


def table(result: dict) -> str:
    """Return the result as a few lines."""
    lines = [
        f"{result['trials']} trials, {result['trial_steps']} trial-steps of {result['batch']} rows on "
        f"{result['shape']}, {result['device']}, ours in {result['dtype']}"
    ]
    for name, variant in result["variants"].items():
        noted = f", extrapolated from {variant['measured_steps']} steps" if variant.get("extrapolated") else ""
        slower = result["times_as_fast_together"][name]
        lines.append(f"{name:<18} {variant['seconds']:>10.1f} s   {slower:>6.2f} times the last{noted}")
    lines += [
        f"{name}, every trial to its end: {times:.2f} times the last, extrapolated"
        for name, times in result["times_as_fast_as_every_trial_to_its_end"].items()
    ]
    lines += [f"{name}: {value:.2g} nats apart" for name, value in result["differences_in_nats"].items()]
    matrix = result["matrix"]
    lines.append(
        f"together: {matrix['population_flops_per_second'] / 1e12:.3g} TFLOP/s in training, {matrix['share']:.1%} of "
        f"the {matrix['flops_per_second'] / 1e12:.3g} of a product of {matrix['size']} in {result['dtype']}"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure all of it in one run, print the ratios and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto", help="of crosspt's products; peft is measured in both")
    parser.add_argument("--shape", choices=("mini", "t5-base", "small-test"), default="mini")
    parser.add_argument("--trials", type=int, help="default: the normal budget's with mini, else 64")
    parser.add_argument("--steps", type=int, help="of each trial; default: the normal budget's")
    parser.add_argument("--peft-steps", type=int, default=60, help="of each number format to measure; default 60")
    parser.add_argument("--data", type=Path, help="folder of targets, for onboard.py's 64 rows of cr")
    parser.add_argument("--out", type=Path, help="default: bench/results/population-SHAPE-DEVICE.json")
    chosen = parser.parse_args()
    result = measure(chosen)
    out = chosen.out or Path(f"bench/results/population-{result['shape']}-{result['device']}.json")
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(table(result))


if __name__ == "__main__":
    main()
