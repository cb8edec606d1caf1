"""The things a person does: onboard a task, predict with it, pretrain source prompts."""
