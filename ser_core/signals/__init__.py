"""Signals as a person studies them: what a screen shows of a recording, two recordings side by side, exports."""
