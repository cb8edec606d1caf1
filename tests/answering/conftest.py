"""A registry with a tiny backbone, and one with source prompts and a finished task."""

from onboarding_fixtures import *  # noqa: F403
