"""Plotly figures of one recording, panel by panel. All have the same margins, so that one cursor fits them all.

figure = PANELS["pitch"](Analysis(waveform))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import plotly.graph_objects as go

from ser_core.charts.common import GREY, finish
from ser_core.features.level import envelope
from ser_core.features.rhythm import sounding_frames
from ser_core.signals.analysis import CONTOURS, Analysis
from ser_core.signals.view import Curve, Picture, curve, picture

#: Pixels beside the drawing area, the same in every panel: the page's cursor relies on them.
LEFT, RIGHT, BOTTOM = 66, 54, 32
#: Blue, vermilion, green and grey that colour-blind people tell apart (Okabe & Ito 2008).
BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"
_TICKS_HZ = (100, 200, 500, 1000, 2000, 4000, 7000)
_NARROW_HZ = 1000.0
#: Numbers drawn of a layer of an encoder.
_STATES = 128
_NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
_TONNETZ = ("fifths x", "fifths y", "minor thirds x", "minor thirds y", "major thirds x", "major thirds y")

Draw = Callable[[Analysis], go.Figure]


def waveform_panel(analysis: Analysis) -> go.Figure:
    """Draw the envelope of the samples in view."""
    part = analysis.waveform.cut(analysis.start_s, analysis.end_s)
    low, high = envelope(part.samples) if len(part.samples) else (np.zeros(1), np.zeros(1))
    times = np.linspace(analysis.start_s, analysis.end_s, len(low), endpoint=False)
    ceiling = min(1.0, max(0.02, 1.15 * float(max(high.max(), -low.min()))))
    figure = band_figure(times, low, high, BLUE, "%{y:.3f} at %{x:.2f} s")
    figure.update_yaxes(title_text="amplitude", range=[-ceiling, ceiling], nticks=5, zeroline=True, zerolinecolor=GREY)
    return frame(figure, analysis, height=215)


def spectrogram_panel(analysis: Analysis) -> go.Figure:
    """Draw the spectrogram on the chosen frequency scale."""
    return spectrogram_figure(analysis, height=250)


def spectrogram_figure(analysis: Analysis, height: int, scale: str | None = None) -> go.Figure:
    """Draw the spectrogram in whole decibels below its maximum, one byte a cell."""
    decibels, rows = analysis.decibels(scale)
    view = picture(decibels[:, analysis.in_view], analysis.times_s[analysis.in_view], rows)
    return frame(picture_figure(view, analysis.settings.range_db), analysis, height)


def picture_figure(view: Picture, range_db: float) -> go.Figure:
    """Draw a picture whose rows are frequencies in Hz and whose values are dB, 0 the largest."""
    figure = go.Figure(_heatmap(view, "Viridis", -range_db, 0.0, "dB"))
    inside = [hertz for hertz in _TICKS_HZ if view.rows[0] <= hertz <= view.rows[-1]]
    places: list[float] = []
    ticks: list[int] = []
    for hertz, place in zip(inside, np.interp(inside, view.rows, np.arange(len(view.rows))), strict=True):
        if not places or place - places[-1] >= len(view.rows) / 14:  # closer ones would be written over one another
            places, ticks = [*places, float(place)], [*ticks, hertz]
    figure.update_yaxes(title_text="frequency (Hz)", tickvals=places, ticktext=[f"{hertz}" for hertz in ticks])
    return figure


def states_figure(states: np.ndarray, times_s: np.ndarray, layers: tuple[int, ...]) -> go.Figure:
    """Draw the states of an encoder's layers [shape=(layers * width, t)], the lowest layer at the bottom.

    Of each layer some numbers are left out, evenly: states have signs, so that neither the largest nor the mean of
    neighbours would stand for them.
    """
    width = len(states) // len(layers)
    shown = np.arange(0, width, -(-width // _STATES))
    rows = (width * np.arange(len(layers))[:, None] + shown).ravel()
    figure = go.Figure(_heatmap(Picture(np.round(states[rows], 1), times_s, rows), "RdBu_r", -2.0, 2.0, "state"))
    for place in range(1, len(layers)):
        figure.add_hline(place * len(shown) - 0.5, line={"color": GREY, "width": 1})
    places = [(place + 0.5) * len(shown) - 0.5 for place in range(len(layers))]
    figure.update_yaxes(tickvals=places, ticktext=[f"layer {number}" for number in layers])
    return figure


def pitch_panel(analysis: Analysis) -> go.Figure:
    """Draw the pitch contour over the spectrogram below 1 kHz, with a window that shows the harmonics."""
    narrow = analysis.settings.model_copy(update={"window_ms": max(40.0, analysis.settings.window_ms)})
    fine = Analysis(analysis.waveform, narrow, analysis.start_s, analysis.end_s)
    decibels, rows = fine.decibels("linear")
    low = rows <= _NARROW_HZ
    view = picture(decibels[low][:, fine.in_view], fine.times_s[fine.in_view], rows[low])
    heat = _heatmap(view, "Viridis", -analysis.settings.range_db, 0.0, "dB")
    heat.y = view.rows.astype(np.float32)
    figure = go.Figure(heat)
    line = curve(analysis.pitch.f0_hz[analysis.in_view], analysis.times_s[analysis.in_view])
    for colour, width in (("#000000", 5), ("#FFFFFF", 2.5)):
        figure.add_scatter(
            x=line.times_s.astype(np.float32), y=line.middle, mode="lines+markers", connectgaps=False,
            line={"color": colour, "width": width}, marker={"size": width, "color": colour}, showlegend=False,
            hovertemplate="pitch %{y:.0f} Hz at %{x:.2f} s<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(title_text="frequency (Hz)", range=[0, _NARROW_HZ])
    return frame(figure, analysis, height=250)


def intensity_panel(analysis: Analysis) -> go.Figure:
    """Draw the intensity contour in dB relative to full scale."""
    figure = contour_figure(analysis, "intensity")
    top = float(np.nanmax(analysis.intensity))
    figure.update_yaxes(range=[max(-120.0, top - analysis.settings.range_db), top + 3])
    return frame(figure, analysis, height=215)


def spectral_panel(analysis: Analysis, name: str = "centroid") -> go.Figure:
    """Draw a contour of :data:`ser_core.signals.analysis.CONTOURS`."""
    return frame(contour_figure(analysis, name), analysis, height=215)


def voicing_panel(analysis: Analysis) -> go.Figure:
    """Draw where there is voice, sound without voice, and nothing; syllable nuclei are marked on top."""
    rhythm, pitch = analysis.rhythm, analysis.pitch
    hop_s = analysis.settings.hop * analysis.thinning / 16_000
    sounding = sounding_frames(analysis.intensity)
    voiced = pitch.voiced & sounding
    lanes = (
        ("silent", ~sounding, GREY),
        ("unvoiced", sounding & ~voiced, RED),
        ("voiced", voiced, BLUE),
    )
    figure = go.Figure()
    for place, (name, here, colour) in enumerate(lanes):
        starts, ends = _runs(here)
        figure.add_bar(
            base=(analysis.offset_s + starts * hop_s).astype(np.float32),
            x=((ends - starts) * hop_s).astype(np.float32),
            y=np.full(len(starts), place),
            orientation="h", width=0.7, marker={"color": colour, "line": {"width": 0}}, showlegend=False,
            hovertemplate=f"{name} from %{{base:.2f}} s, %{{x:.2f}} s long<extra></extra>",
        )  # fmt: skip
    nuclei = np.asarray(rhythm.nuclei_s) + analysis.offset_s
    nuclei = nuclei[(nuclei >= analysis.start_s) & (nuclei <= analysis.end_s)]
    figure.add_scatter(
        x=nuclei.astype(np.float32), y=np.full(len(nuclei), 2.75), mode="markers", showlegend=False,
        marker={"symbol": "triangle-down", "size": 9, "color": GREEN, "line": {"color": GREY, "width": 0.5}},
        hovertemplate="syllable at %{x:.2f} s<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=[0, 1, 2, 2.75], ticktext=["pause", "unvoiced", "voiced", "syllables"], range=[-0.5, 3.2]
    )
    figure.update_layout(bargap=0.2)
    return frame(figure, analysis, height=215)


def mfcc_panel(analysis: Analysis, order: int = 0) -> go.Figure:
    """Draw the MFCC, each row in deviations from its own mean, or their first or second delta."""
    values = analysis.mfcc_delta(order)[:, analysis.in_view]
    deviation = np.maximum(values.std(axis=1, keepdims=True), 1e-6)
    relative = 10 * (values - values.mean(axis=1, keepdims=True)) / deviation
    view = picture(relative, analysis.times_s[analysis.in_view], np.arange(len(values)))
    heat = _heatmap(view, "RdBu_r", -30, 30, "SD")
    heat.colorbar.update(tickvals=[-30, 0, 30], ticktext=["−3", "0", "+3"])
    heat.hovertemplate = "number %{y} at %{x:.2f} s<extra></extra>"
    figure = go.Figure(heat)
    figure.update_yaxes(title_text="coefficient", tickvals=list(range(0, len(values), 3)))
    return frame(figure, analysis, height=220)


def chroma_panel(analysis: Analysis) -> go.Figure:
    """Draw the chroma in percent of each frame's strongest tone."""
    view = picture(100 * analysis.chroma[:, analysis.in_view], analysis.times_s[analysis.in_view], np.arange(12))
    figure = go.Figure(_heatmap(view, "Viridis", 0, 100, "%"))
    figure.update_yaxes(title_text="tone", tickvals=list(range(12)), ticktext=list(_NOTES))
    return frame(figure, analysis, height=230)


def tonnetz_panel(analysis: Analysis) -> go.Figure:
    """Draw the tonal centroid in hundredths."""
    view = picture(100 * analysis.tonnetz[:, analysis.in_view], analysis.times_s[analysis.in_view], np.arange(6))
    figure = go.Figure(_heatmap(view, "RdBu_r", -40, 40, "/100"))
    figure.update_yaxes(tickvals=list(range(6)), ticktext=[name.replace(" ", "<br>", 1) for name in _TONNETZ])
    figure.update_yaxes(tickfont={"size": 9})
    return frame(figure, analysis, height=230)


def contrast_panel(analysis: Analysis) -> go.Figure:
    """Draw the spectral contrast in dB."""
    rows = analysis.contrast
    view = picture(rows[:, analysis.in_view], analysis.times_s[analysis.in_view], np.arange(len(rows)))
    figure = go.Figure(_heatmap(view, "Viridis", 0, float(max(1, view.values.max(initial=1))), "dB"))
    figure.update_yaxes(title_text="octave", tickvals=list(range(len(rows))))
    return frame(figure, analysis, height=200)


def formants_panel(analysis: Analysis) -> go.Figure:
    """Draw the formants where the voice is, over the linear spectrogram up to 5.5 kHz."""
    decibels, rows = analysis.decibels("linear")
    low = rows <= 5500
    view = picture(decibels[low][:, analysis.in_view], analysis.times_s[analysis.in_view], rows[low])
    heat = _heatmap(view, "Greys", -analysis.settings.range_db, 0.0, "dB")
    heat.y = view.rows.astype(np.float32)
    figure = go.Figure(heat)
    found, times = analysis.formants.frequencies_hz, _formant_times(analysis)
    voiced = np.interp(times, analysis.times_s, analysis.pitch.voiced.astype(float)) > 0.5
    shown = voiced & (times >= analysis.start_s) & (times <= analysis.end_s)
    step = max(1, int(shown.sum()) // 700)
    for number, (colour, symbol) in enumerate(((RED, "circle"), (BLUE, "square"), (GREEN, "diamond"))):
        figure.add_scatter(
            x=times[shown][::step].astype(np.float32), y=found[number][shown][::step].astype(np.float32),
            mode="markers", name=f"F{number + 1}", marker={"color": colour, "symbol": symbol, "size": 4},
            hovertemplate=f"F{number + 1} %{{y:.0f}} Hz at %{{x:.2f}} s<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(title_text="frequency (Hz)", range=[0, 5500])
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0})
    return frame(figure, analysis, height=260, top=26)


def quality_panel(analysis: Analysis) -> go.Figure:
    """Draw the harmonics-to-noise ratio where the voice is."""
    return frame(contour_figure(analysis, "harmonicity"), analysis, height=215)


#: Panel -> the function that draws it, named as in :data:`ser_core.signals.words.WORDS`.
PANELS: Mapping[str, Draw] = {
    "waveform": waveform_panel,
    "spectrogram": spectrogram_panel,
    "pitch": pitch_panel,
    "intensity": intensity_panel,
    "voicing": voicing_panel,
    "mfcc": mfcc_panel,
    "chroma": chroma_panel,
    "tonnetz": tonnetz_panel,
    "spectral": spectral_panel,
    "contrast": contrast_panel,
    "formants": formants_panel,
    "quality": quality_panel,
}


def contour_figure(analysis: Analysis, name: str) -> go.Figure:
    """Draw a contour; a point that stands for many frames has the band of their extremes behind it."""
    about = CONTOURS[name]
    line = curve(analysis.contour(name)[analysis.in_view], analysis.times_s[analysis.in_view])
    figure = go.Figure()
    add_curve(figure, line, BLUE, about.title)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(title_text=about.unit, gridcolor="rgba(128,135,146,0.25)")
    return figure


def add_curve(figure: go.Figure, line: Curve, colour: str, name: str, dash: str = "solid") -> None:
    """Add a curve and, where it is thinned out, the band of its extremes."""
    times = line.times_s.astype(np.float32)
    if not line.exact:
        band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=times, y=line.low, **band)
        figure.add_scatter(x=times, y=line.high, **band, fill="tonexty", fillcolor="rgba(128,135,146,0.35)")
    figure.add_scatter(
        x=times, y=line.middle, mode="lines", name=name, connectgaps=False,
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate="%{y:.3g} at %{x:.2f} s<extra>" + name + "</extra>",
    )  # fmt: skip


def band_figure(times: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, hover: str) -> go.Figure:
    """Draw the band between two curves."""
    figure, line = go.Figure(), {"color": colour, "width": 0.6}
    x = times.astype(np.float32)
    figure.add_scatter(x=x, y=high, mode="lines", line=line, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=x, y=low, mode="lines", line=line, fill="tonexty", fillcolor=colour, showlegend=False,
        hovertemplate=f"{hover}<extra></extra>",
    )  # fmt: skip
    return figure


def frame(figure: go.Figure, analysis: Analysis, height: int, top: int = 8) -> go.Figure:
    """Give *figure* the part in view as its time axis, and the margins that all panels share."""
    return share_axis(figure, analysis.start_s, analysis.end_s, height, top)


def share_axis(figure: go.Figure, start_s: float, end_s: float, height: int, top: int = 8) -> go.Figure:
    """Give *figure* a time axis from *start_s* to *end_s* and the margins that all panels share."""
    figure.update_xaxes(
        title_text=None, ticksuffix=" s", range=[start_s, max(end_s, start_s + 1e-3)], showgrid=False, zeroline=False,
        fixedrange=True, automargin=False,
    )  # fmt: skip
    figure.update_yaxes(fixedrange=True, automargin=False, title_standoff=4)
    finish(figure, height, top)
    return figure.update_layout(margin={"l": LEFT, "r": RIGHT, "t": top, "b": BOTTOM, "autoexpand": False})


def _heatmap(view: Picture, colours: str, low: float, high: float, unit: str) -> go.Heatmap:
    return go.Heatmap(
        z=view.values,
        x=view.times_s.astype(np.float32),
        colorscale=colours,
        zmin=low,
        zmax=high,
        colorbar={"title": {"text": unit}, "thickness": 8, "outlinewidth": 0, "x": 1.01, "xpad": 0, "nticks": 4},
        hovertemplate=f"%{{z}} {unit} at %{{x:.2f}} s<extra></extra>",
    )


def _runs(here: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where runs of True begin and end [shape=(runs,) each]; of very many only the longest are kept."""
    steps = np.diff(np.concatenate([[0], here.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    if len(starts) > 1500:
        kept = np.sort(np.argsort(starts - ends)[:1500])
        starts, ends = starts[kept], ends[kept]
    return starts, ends


def _formant_times(analysis: Analysis) -> np.ndarray:
    count = analysis.formants.frequencies_hz.shape[1]
    frames = len(analysis.times_s)
    step = max(1, round((frames - 1) / max(1, count - 1))) if count > 1 else 1
    hop_s = step * analysis.settings.hop * analysis.thinning / 16_000
    times: np.ndarray = analysis.offset_s + np.arange(count) * hop_s
    return times
