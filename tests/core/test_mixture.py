"""The mixture of source prompts and private prompt, and the bank that holds it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from population_samples import SOURCES, TOKENS, small_bank

from crosspt_cli.core.initialise import from_sources
from crosspt_cli.core.methods.mixture import Mixture, attention_shares, compose


@given(
    st.integers(0, 6).flatmap(
        lambda s: st.tuples(
            st.lists(st.floats(-5, 5, width=32), min_size=s + 1, max_size=s + 1),
            st.lists(st.booleans(), min_size=s, max_size=s),
        )
    )
)
def test_shares_sum_to_one_and_are_zero_where_a_source_is_not_allowed(drawn):
    """Shares are shown to people as percentages, and a source left out must have no say at all."""
    logits, sources = torch.tensor([drawn[0]]), torch.tensor([[*drawn[1], True]])
    shares = attention_shares(logits, sources)
    assert shares.sum().item() == pytest.approx(1, abs=1e-6)
    assert (shares[~sources] == 0).all()
    assert (shares[sources] > 0).all()


def test_the_temperature_is_one_over_the_number_of_sources():
    """τ = 1/M: with M sources allowed, a difference in logits counts M times."""
    logits = torch.tensor([[0.3, -0.2, 0.1, 0.0]])
    for allowed, m in (
        ([True, True, True, True], 3),
        ([True, False, True, True], 2),
        ([False, True, False, True], 1),
    ):
        shares = attention_shares(logits, torch.tensor([allowed]))[0]
        wanted = torch.where(torch.tensor(allowed), (m * logits[0]).exp(), 0.0)
        torch.testing.assert_close(shares, wanted / wanted.sum())


def test_without_sources_the_private_prompt_is_the_target_prompt():
    """M = 0 is plain prompt tuning, to the last bit."""
    shares = attention_shares(torch.tensor([[0.7]]), torch.tensor([[True]]))
    private = torch.randn(1, 3, 4)
    assert shares.tolist() == [[1.0]]
    assert torch.equal(compose(shares, torch.zeros(0, 3, 4), private), private)


def test_the_target_prompt_is_the_weighted_sum():
    """Against a sum written out."""
    shares = torch.tensor([[0.2, 0.3, 0.5], [0.0, 0.9, 0.1]])
    sources, private = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    for t in range(2):
        wanted = shares[t, 0] * sources[0] + shares[t, 1] * sources[1] + shares[t, 2] * private[t]
        torch.testing.assert_close(compose(shares, sources, private)[t], wanted)


def test_a_mixture_that_starts_at_its_sources_mean_is_that_mean():
    """The first step starts from a prompt that works already."""
    sources = torch.randn(3, TOKENS, 4)
    private = from_sources(sources)[None]
    bank = Mixture(sources, private, torch.ones(1, 3, dtype=torch.bool), torch.zeros(1), torch.zeros(1))
    torch.testing.assert_close(bank.prompts()[0, 0], sources.mean(0))


def test_a_kept_bank_holds_the_same_trials():
    """Pruning must not disturb who stays."""
    bank = small_bank(4)
    bank.logits.data.uniform_(-1, 1)
    kept = bank.keep(torch.tensor([2, 0]))
    assert len(bank) == 4
    assert len(kept) == 2
    torch.testing.assert_close(kept.prompts(), bank.prompts()[[2, 0]])
    assert torch.equal(kept.shares(), bank.shares()[[2, 0]])
    assert torch.equal(kept.private_rate, bank.private_rate[[2, 0]])
    assert torch.equal(kept.attention_rate, bank.attention_rate[[2, 0]])
    kept.private.data.zero_()
    assert bank.private.abs().sum() > 0


def test_sources_of_another_length_are_refused():
    """They cannot be mixed."""
    rates = torch.zeros(1), torch.zeros(1)
    with pytest.raises(ValueError, match=r"sources has shape \(2, 5, 4\), but must be \[S, P=3, H=4\]"):
        Mixture(torch.zeros(2, 5, 4), torch.zeros(1, 3, 4), torch.ones(1, 2, dtype=torch.bool), *rates)
    with pytest.raises(ValueError, match=r"allowed has shape \(1, 3\), but must be \[T=1, S=2\]"):
        Mixture(torch.zeros(2, 3, 4), torch.zeros(1, 3, 4), torch.ones(1, 3, dtype=torch.bool), *rates)


def test_only_private_prompt_and_attention_are_parameters():
    """What is trained is what the optimiser and the gradient see."""
    bank = small_bank(2)
    assert sorted(name for name, _ in bank.named_parameters()) == ["logits", "private"]
    assert not bank.sources.requires_grad
    assert bank.logits.shape == (2, SOURCES + 1)
