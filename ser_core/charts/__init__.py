"""Plotly figures: of an answer, of corpora, of signals."""
