"""The answer about one sound: problems, the emotion in words, the voice, every probability, how far to trust it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.parts.inputs import Sound
from pages.parts.models import wav_bytes
from ser_core.audio import SAMPLE_RATE
from ser_core.bundle import ModelCard
from ser_core.cards import card_page, lowered
from ser_core.charts.answer import affect_figure, probability_figure, waveform_figure
from ser_core.charts.common import standalone_html
from ser_core.presentation import listeners_note, percent, record_note, record_table, to_csv, to_json, verdict
from ser_core.recogniser import Prediction


def show_problems(prediction: Prediction) -> None:
    """Say what is wrong with the recording, before anything is predicted from it."""
    blocking = {problem.message for problem in prediction.quality.problems if problem.blocking}
    for message in prediction.warnings:
        if message in blocking:
            st.error(message, icon=":material/mic_off:")
        else:
            st.warning(message, icon=":material/warning:")


def show_voice(sound: Sound) -> None:
    """Draw the player and the waveform."""
    st.audio(wav_bytes(sound.waveform, sound.digest), format="audio/wav")
    waveform = sound.waveform
    alt = f"Waveform of {sound.name}, {waveform.duration_s:.1f} seconds."
    _chart(waveform_figure(waveform), key="waveform", name="waveform", alt=alt)
    channels = "one channel" if waveform.original_channels == 1 else f"{waveform.original_channels} channels"
    about = f"{waveform.duration_s:.1f} s, {waveform.original_rate / 1000:g} kHz, {channels}"
    if (waveform.original_rate, waveform.original_channels) != (SAMPLE_RATE, 1):
        about += "; the model (and this player) hears it at 16 kHz in one channel"
    st.caption(about + ".")


def show_verdict(prediction: Prediction, card: ModelCard) -> None:
    """Say the answer in words."""
    answer = verdict(prediction, card.threshold, card.set_level)
    with st.container(key="verdict", border=True):
        with st.container(key="verdict_heading"):
            st.header(f"{answer.symbol} {answer.heading}", anchor=False)
        with st.container(key="verdict_sentence"):
            st.markdown(answer.sentence)


def show_probabilities(prediction: Prediction, classes: int) -> None:
    """Draw the probability of every emotion with the chance line."""
    shares = ", ".join(f"{emotion} {share:.0%}" for emotion, share in prediction.probabilities.items())
    figure = probability_figure(prediction.probabilities, chance=1 / classes)
    _chart(figure, key="probabilities", name="probabilities", alt=f"Probabilities: {shares}.")


def show_affect(prediction: Prediction) -> None:
    """Draw valence and arousal, which follow from the probabilities."""
    reading = prediction.affect
    if reading is None:
        return
    with st.container(key="affect", border=True):
        words, plane = st.columns([5, 6], gap="large", vertical_alignment="center")
        with words:
            numbers = f"Valence {reading.valence:+.2f} · arousal {reading.arousal:+.2f}".replace("-", "−")
            st.markdown(f"**{numbers}**  \nunpleasant and aroused: {percent(reading.negative_high_arousal)}")
            st.caption(
                "Derived from the classes, not heard anew: the mean of their published positions (Russell & Mehrabian "
                "1977; calm from Russell 1980), weighed by the probabilities. So it always lies between the classes."
            )
        alt = f"Plane of valence and arousal: this voice at {reading.valence:.2f}, {reading.arousal:.2f}."
        figure = affect_figure(reading, list(prediction.probabilities))
        with plane:
            _chart(figure, key="affect", name="valence-arousal", alt=alt)


def show_trust(card: ModelCard, prediction: Prediction) -> None:
    """Say which model answered and how good it is on speakers it had never heard."""
    with st.container(key="trust", border=True):
        st.subheader(f"How far to trust it: {card.title}", anchor=False)
        if card.evaluation:
            st.markdown("On acted recordings of **speakers it had never heard**, each emotion counting alike:")
            st.markdown(record_table(card.evaluation, card.set_level))
            st.caption(listeners_note(card.evaluation))
        else:
            st.warning("This model has not been measured on unseen speakers yet: take its answers as a demonstration.")
        with st.expander("What this means, and what it does not"):
            if card.evaluation_note:
                st.markdown(card.evaluation_note)
            st.markdown(
                "The confidence is calibrated: of many answers given with 70 % confidence to recordings like those "
                "above, about 70 in 100 are right. Your voice, language, microphone and room are none of those, and "
                "people rarely speak as actors do, so expect less. " + record_note(card.set_level)
            )
            for limit in card.limits:
                st.markdown(f"- {limit}")
            st.caption(f"Model `{prediction.model}`. Licence: {card.licence}")
        with st.expander("Model card: data, figures, groups of people, how to repeat them"):
            st.markdown(lowered(card_page(card), 3))


def show_downloads(prediction: Prediction, sound: Sound, classes: int) -> None:
    """Offer the answer as JSON and CSV, and the charts on the page as web pages of their own."""
    stem = f"{PurePath(sound.name).stem or 'sound'}-emotion"
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="downloads"):
        st.markdown("Download:", width="content")
        _download("JSON", to_json(prediction, sound.name), f"{stem}.json", "application/json", "data_object")
        _download("CSV", to_csv(prediction, sound.name), f"{stem}.csv", "text/csv", "table")

        def probabilities_page() -> str:
            return standalone_html(probability_figure(prediction.probabilities, 1 / classes), sound.name)

        def waveform_page() -> str:
            return standalone_html(waveform_figure(sound.waveform), sound.name)

        def affect_page() -> str:
            assert prediction.affect is not None  # offered only where an emotion is named
            return standalone_html(affect_figure(prediction.affect, list(prediction.probabilities)), sound.name)

        if prediction.emotion is not None:
            _download("Bars", probabilities_page, f"{stem}-probabilities.html", "text/html", "bar_chart")
            _download("Plane", affect_page, f"{stem}-valence-arousal.html", "text/html", "explore")
        _download("Waveform", waveform_page, f"{stem}-waveform.html", "text/html", "graphic_eq")


def _download(label: str, data: Any, name: str, mime: str, icon: str) -> None:
    key = f"download_{label.split(maxsplit=1)[0].lower()}"
    st.download_button(
        label, data, file_name=name, mime=mime, key=key, icon=f":material/{icon}:", on_click="ignore", type="tertiary"
    )


def _chart(figure: go.Figure, key: str, name: str, alt: str) -> None:
    config = {
        "displaylogo": False,
        "modeBarButtonsToRemove": ["zoom2d", "pan2d", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
        "toImageButtonOptions": {"format": "svg", "filename": name},
    }
    st.plotly_chart(figure, key=f"chart_{key}", config=config, alt=alt)
