"""The sections of the page about training."""
