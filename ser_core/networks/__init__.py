"""Torch modules: each file is a network a student can read in one sitting."""
