"""Which trials to run, in which order, and what to choose."""
