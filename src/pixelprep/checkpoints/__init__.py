"""Checkpoints on disk and on the hub: read, saved, and their own code."""
