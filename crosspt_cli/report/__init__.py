"""Finished work as numbers, then as text for people or JSON for scripts."""
