"""What networks and classifiers read: log-mel spectrograms and functionals."""
