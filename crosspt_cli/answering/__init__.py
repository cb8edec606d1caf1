"""What a fitted task does: answer rows, and say which rows to label next."""
