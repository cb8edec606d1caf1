"""What every other room stands on: errors, axes, paths, files, seeds, progress; imports nothing of ours."""
