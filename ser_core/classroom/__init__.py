"""For a teacher and a class: a game against the model, a class that plays it together, six lessons."""
