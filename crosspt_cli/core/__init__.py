"""The only room that computes: the frozen T5, prompts, training, scores."""

import os

# Packed batches are of ever new sizes, and oneDNN keeps a compiled kernel for each: by default a thousand, half a
# gigabyte after a study. Few of them are met again, so keeping fewer costs no time. Read at the first product.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "100")
os.environ.setdefault("LRU_CACHE_CAPACITY", "100")  # the same, for what torch keeps beside it
