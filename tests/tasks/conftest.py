"""The embedded backbone's own tokenizer: small, real, and what people get by default."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

TOKENIZER = Path(__file__).parents[2] / "registry/backbones/mini/tokenizer.json"


@pytest.fixture(scope="session")
def tokenize():
    """Text → token ids without special tokens."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids
