"""On a GPU the same numbers come out, and trials stay apart. Marked `gpu`: these need one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hf_reference import WORDS, as_backbone, our_nats, random_prompts, random_texts, small_t5
from population_samples import ROWS, method_of, nats_of, small_bank, small_population, trained

from crosspt_cli.core.devices import peak_memory_mb
from crosspt_cli.core.memory import MOST_TOKENS, PROBE_TOKENS, CudaMeter, Room

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here"),
]
CUDA = torch.device("cuda")
LENGTHS = (1, 40, 2, 17, 1, 5, 33)


@pytest.mark.parametrize("kind", ["v1.0", "v1.1"])
def test_the_forward_pass_on_cuda_equals_the_one_on_the_cpu(kind):
    """Other kernels and other groups of rows, the same log-likelihoods and gradients."""
    found = []
    for device in (torch.device("cpu"), CUDA):
        prompts = random_prompts(2).to(device).requires_grad_()
        backbone = as_backbone(small_t5(kind), torch.float32, device)
        nats = our_nats(backbone, prompts, [0, 1] * 3 + [0], random_texts(LENGTHS), WORDS["deep"])
        nats[:, 0].sum().backward()
        found.append((nats.detach().cpu(), prompts.grad.cpu()))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("at_once", [1, 100_000])
def test_training_together_on_cuda_equals_training_alone(dtype, at_once):
    """With a neighbour that becomes NaN between them."""
    tolerance = 1e-3 if dtype == torch.float32 else 0.1
    backbone = as_backbone(small_t5(), dtype, CUDA)
    bank = small_bank(3, {1: float("nan")}, CUDA)
    together = trained(small_population(bank, [0, 1, 2], at_once=at_once, backbone=backbone))
    assert together.failed() == [False, True, False]
    held_out = np.arange(ROWS)
    for trial in (0, 2):
        alone = trained(small_population(bank, [trial], backbone=backbone))
        found = nats_of(together, [held_out] * 3)[trial]
        np.testing.assert_allclose(found, nats_of(alone, [held_out])[0], atol=tolerance)
        torch.testing.assert_close(
            method_of(together).private[trial], method_of(alone).private[0], atol=tolerance, rtol=tolerance
        )


def test_only_prompts_move_on_cuda():
    """The weights there keep their bits as well."""
    backbone = as_backbone(small_t5(), torch.bfloat16, CUDA)
    frozen = [tensor.clone() for tensor in backbone.t5.tensors()]
    trained(small_population(small_bank(2, device=CUDA), [0, 1], backbone=backbone))
    assert all(map(torch.equal, frozen, backbone.t5.tensors()))


def test_what_a_pass_takes_is_measured_on_cuda_and_the_reported_peak_is_kept():
    """The meter sets torch's count back; what the person is told must be the most there ever was."""
    meter = CudaMeter(CUDA)
    large = torch.empty(64_000_000, dtype=torch.uint8, device=CUDA)
    reported = peak_memory_mb(CUDA)
    del large
    meter.begin()
    small = torch.empty(16_000_000, dtype=torch.uint8, device=CUDA)
    del small
    assert 16_000_000 <= meter.taken() < 20_000_000
    assert meter.free() > 16_000_000
    assert peak_memory_mb(CUDA) >= reported


def test_training_in_measured_passes_on_cuda_equals_training_in_one():
    """The first pass is the probe, and its gradients count like any other's."""
    bank = small_bank(4, device=CUDA)
    plain = as_backbone(small_t5(), torch.float32, CUDA)
    measured = replace(plain, room=Room(CudaMeter(CUDA)))
    one, other = (trained(small_population(bank, [0, 1, 2, 3], backbone=each)) for each in (plain, measured))
    torch.testing.assert_close(method_of(one).private, method_of(other).private, atol=1e-3, rtol=1e-3)
    assert measured.room.tokens() > PROBE_TOKENS
    assert plain.room.tokens() == MOST_TOKENS
