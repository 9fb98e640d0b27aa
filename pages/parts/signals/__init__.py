"""The sections of the page Signals."""
