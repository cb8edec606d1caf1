"""How the shipped source prompts are made: data without measured texts, a bank file, and its card."""
