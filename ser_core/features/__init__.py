"""What networks and classifiers read and people look at: spectra, pitch, level, timbre, rhythm; functionals of them."""
