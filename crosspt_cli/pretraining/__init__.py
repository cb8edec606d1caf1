"""Source prompts from labelled data sets."""
