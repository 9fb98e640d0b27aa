"""From a recipe and a table of clips to a run folder with trained models and their held-out predictions."""
