"""What `scripts/hostile.py` and `scripts/fuzz.py` share: bad input of every kind, and the doors that it knocks at."""
