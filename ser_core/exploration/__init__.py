"""What can be seen and measured in clips before any training: acoustics by emotion, maps, and how corpora differ."""
