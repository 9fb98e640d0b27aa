"""The parts of `scripts/faults.py`: work that is harmed, ways to harm it, and how it is looked at afterwards."""
