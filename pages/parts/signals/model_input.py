"""How the model sees it: exactly the array that the chosen bundle is given."""

from __future__ import annotations

import io
from pathlib import Path, PurePath

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.parts.inputs import Sound
from pages.parts.models import predict, recogniser
from pages.parts.show import chart_config, save_chart, show_table
from pages.parts.signals.before_after import answer_words
from pages.parts.signals.downloads import download
from ser_core.audio import SAMPLE_RATE
from ser_core.charts.signals import picture_figure, share_axis, states_figure
from ser_core.errors import SERError
from ser_core.features.functionals import FunctionalsConfig, describe_functional, functional_names
from ser_core.features.logmel import LogMelConfig, mel_frequencies
from ser_core.networks.encoded import EncoderConfig
from ser_core.networks.encoders import FRAME
from ser_core.recogniser import ModelInput
from ser_core.signals.view import picture


def show_model_input(sound: Sound, folder: Path | None) -> None:
    """Draw the array and say how it was made."""
    if folder is None:
        st.info("No model is installed, so nothing reads the sound.")
        return
    try:
        model = recogniser(folder)
        answer = predict(model, folder, sound)
    except SERError as error:
        st.error(str(error), icon=":material/error:")
        return
    inputs = model.inputs(sound.waveform)
    if not inputs:
        st.warning("Nothing: " + " ".join(answer.warnings), icon=":material/mic_off:")
        return
    source = "from this and the second picture below" if model.card.partner else "from this, and from nothing else"
    st.markdown(f"**{model.card.title}** answers **{answer_words(answer)}** {source}:")
    chosen = _choose(inputs)
    _show_size(chosen)
    if isinstance(model.card.front_end, FunctionalsConfig):
        _show_functionals(chosen, model.card.front_end)
    else:
        _show_frames(chosen, model.card.front_end, sound, "model_input")
    if chosen.partner and model.card.partner:
        share = 100 * model.card.partner.share
        st.markdown(f"**A second network** answers too, and counts {share:.0f} %. It reads this:")
        _show_size(chosen.partner)
        _show_frames(chosen.partner, model.card.partner.front_end, sound, "model_partner")
    name = f"{PurePath(sound.name).stem or 'sound'}-{model.card.name}-input.npz"
    download("Array (NPZ)", lambda: _npz(inputs), name, "application/zip", "data_array")


def _show_size(chosen: ModelInput) -> None:
    array = chosen.array
    st.caption(
        f"An array of {array.shape[0]} × {array.shape[1]} numbers ({array.dtype}) from {array.min():.4g} to "
        f"{array.max():.4g}, about the sound from {chosen.start_s:.2f} to {chosen.end_s:.2f} s."
    )


def _choose(inputs: list[ModelInput]) -> ModelInput:
    if len(inputs) == 1:
        return inputs[0]
    st.markdown(f"The recording is long, so it is read in {len(inputs)} windows whose answers are averaged.")
    number = st.select_slider(
        "Window", range(len(inputs)), key="model_window",
        format_func=lambda place: f"{inputs[place].start_s:.1f} to {inputs[place].end_s:.1f} s",
    )  # fmt: skip
    return inputs[number]


def _show_frames(chosen: ModelInput, config: LogMelConfig | EncoderConfig, sound: Sound, name: str) -> None:
    if isinstance(config, LogMelConfig):
        _show_log_mel(chosen, config, sound, name)
    else:
        _show_states(chosen, config, sound, name)


def _show_log_mel(chosen: ModelInput, config: LogMelConfig, sound: Sound, name: str) -> None:
    frames = chosen.array.shape[1]
    times = chosen.start_s + np.arange(frames) * config.hop / SAMPLE_RATE
    figure = picture_figure(picture(chosen.array, times, mel_frequencies(config)[1:-1]), config.range_db)
    alt = f"The log-mel spectrogram that the model reads: {config.n_mels} bands, {frames} frames."
    _show_picture(figure, times, alt, sound, name)
    st.markdown(
        f"- **Columns**: one every {config.hop / 16:g} ms, each from {config.window / 16:g} ms of sound.\n"
        f"- **Rows**: {config.n_mels} mel bands from {config.f_min:g} to {config.f_max:g} Hz, as wide as the ear's.\n"
        f"- **Values**: decibels below the loudest cell, at most {config.range_db:g}: the level of your microphone is "
        "gone before the model sees anything.\n"
        + ("- **Trimmed**: what lies before the first and after the last word was cut off.\n" if config.trim else "")
        + "- The network first brings each clip's values to mean 0 and deviation 1."
    )


def _show_states(chosen: ModelInput, config: EncoderConfig, sound: Sound, name: str) -> None:
    frames, step_s = chosen.array.shape[1], config.block * FRAME / SAMPLE_RATE
    times = chosen.start_s + np.arange(frames) * step_s
    figure = states_figure(chosen.array, times, config.layers)
    layers = ", ".join(str(number) for number in config.layers)
    alt = f"What layers {layers} of the encoder make of the sound: {config.width} numbers each, {frames} frames."
    _show_picture(figure, times, alt, sound, name)
    st.markdown(
        f"- **Columns**: one every {1000 * step_s:g} ms; the encoder itself works in steps of 20 ms.\n"
        f"- **Rows**: the states of layers {layers} of `{config.encoder}`, {config.width} numbers each, of "
        "which some are drawn. None of them has a name: the encoder found them while it learnt to understand speech.\n"
        "- **Level**: the loudest moment is always brought to the same value before the encoder reads it, so the "
        "level of your microphone is gone.\n"
        + (f"- **Trimmed**: to the speech and {config.margin_s:g} s around it.\n" if config.trim else "")
        + "- The model then keeps the mean and the spread of every row, and forgets the order."
    )


def _show_picture(figure: go.Figure, times: np.ndarray, alt: str, sound: Sound, name: str) -> None:
    share_axis(figure, float(times[0]), float(times[-1]), height=380)
    st.plotly_chart(figure, key=f"chart_{name}", config=chart_config(name), alt=alt)
    save_chart(figure, name, f"{alt} {sound.name}")


def _show_functionals(chosen: ModelInput, config: FunctionalsConfig) -> None:
    rows = []
    for name, value in zip(functional_names(config), chosen.array[0], strict=True):
        family, unit, words = describe_functional(name)
        rows.append((name, words, family, unit, float(value)))
    table = pd.DataFrame(rows, columns=["functional", "meaning", "family", "unit", "value"])
    families = st.multiselect("Families", sorted(set(table["family"])), placeholder="all", key="input_families")
    show_table(table[table["family"].isin(families)] if families else table, "model_functionals", height=420)
    st.caption(
        "This model never hears the order of things: each number is a statistic over the whole utterance, so that a "
        "clip of any length becomes one row. Each is then scaled by its spread over the training clips."
    )


def _npz(inputs: list[ModelInput]) -> bytes:
    buffer = io.BytesIO()
    arrays = {f"window_{number}": one.array for number, one in enumerate(inputs)}
    arrays["start_end_s"] = np.array([(one.start_s, one.end_s) for one in inputs])
    partners = [one.partner for one in inputs if one.partner]
    if partners:
        arrays |= {f"partner_{number}": one.array for number, one in enumerate(partners)}
        arrays["partner_start_end_s"] = np.array([(one.start_s, one.end_s) for one in partners])
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
