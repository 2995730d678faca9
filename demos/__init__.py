"""Runnable experiments: one file a claim, `python -m demos.NAME --help`."""
