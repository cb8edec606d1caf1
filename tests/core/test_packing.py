"""Rows are padded together as far as their attention scores stay in a cache."""

import torch

from crosspt_cli.core.packing import CACHED_SCORES, READING_GROUP, prompted_layout


@torch.no_grad()
def test_groups_of_long_rows_are_small_and_hold_every_row_once():
    """Short rows are read in full groups; a single row is a group, however long."""
    lengths = torch.tensor([10] * 40 + [200] * 7 + [900])
    layout = prompted_layout(lengths, 20)
    sizes = [group.rows.stop - group.rows.start for group in layout.groups]
    assert [row for group in layout.groups for row in range(48)[group.rows]] == list(range(48))
    assert max(sizes) == sizes[0] == READING_GROUP
    assert sizes[-1] == 1
    assert all(
        size == 1 or size * group.longest**2 <= CACHED_SCORES for size, group in zip(sizes, layout.groups, strict=True)
    )
    assert 1 < sizes[-3] < READING_GROUP
