"""A copy of a corpus against what the corpus should hold: is it whole, sound, and what its names say?

>>> report = verify_corpus("savee", "data/savee")  # doctest: +SKIP
>>> report.as_published  # doctest: +SKIP
True
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ser_core.corpora.checks import STUB, Cancelled, FileCheck, Progress, check_files
from ser_core.corpora.expected import KNOWN_DEFECTS, expected_clips
from ser_core.corpora.facts import CORPORA
from ser_core.corpora.names import ClipName
from ser_core.corpora.table import corpus_folder, find_clips, named_or_present, nothing_found
from ser_core.errors import CorpusError

#: A clip whose largest sample is below this is silent (-60 dB of full scale).
_SILENT_PEAK = 1e-3
_SHOWN = 5

#: What a file with this ending should hold.
_CONTAINERS = {
    ".wav": {"wav", "w64"}, ".flac": {"flac"}, ".aif": {"aiff"}, ".aiff": {"aiff"}, ".opus": {"ogg"}, ".ogg": {"ogg"},
    ".m4a": {"mp4", "aac"}, ".mp3": {"mp3"}, ".webm": {"matroska"}, ".mp4": {"mp4"},
}  # fmt: skip


@dataclass(frozen=True)
class CorpusReport:
    """What is right and wrong with a copy of a corpus; lists hold names of clips, sorted.

    Attributes
    ----------
    clips, expected
        How many different clips are there, and how many the corpus has.
    missing
        Clips that the corpus has and the copy has not.
    extra
        Audio files whose name is no clip of the corpus, as they are named.
    duplicates
        Groups of clips that hold exactly the same sound.
    silent
        Clips without any sound (no sample above -60 dB of full scale).
    unreadable
        Clips that cannot be decoded, stubs among them.
    misnamed
        Files whose name is not the clip's, does not fit what they hold, or contradicts their folder, as they are named.
    mislabelled
        The groups of *duplicates* whose names give different emotions: at most one of them can be right.
    stubs
        Clips of which there is only a Git-LFS reference.
    wrong_rate
        Clips with another sample rate than most of the copy.
    copies
        Further files of clips that are there already; they are not used.
    songs
        How many of the clips are sung (RAVDESS); they are neither expected nor extra.
    sample_rate
        The rate most of the copy has, in Hz; 0 when nothing is readable.
    notes
        What is wrong with each clip in *unreadable* and *misnamed*, in words.
    """

    corpus: str
    folder: str
    clips: int
    expected: int
    missing: list[str]
    extra: list[str]
    duplicates: list[list[str]]
    silent: list[str]
    unreadable: list[str]
    misnamed: list[str]
    mislabelled: list[list[str]]
    stubs: list[str]
    wrong_rate: list[str]
    copies: list[str]
    songs: int
    sample_rate: int
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def as_published(self) -> bool:
        """Whether the copy is whole and has no defect that the publisher's own files do not have."""
        known = KNOWN_DEFECTS[self.corpus]
        return not (self.missing or self.extra or self.unreadable) and (
            set(self.silent) <= known.silent
            and set(self.misnamed) <= known.misnamed
            and set(self.wrong_rate) <= known.wrong_rate
            and all(frozenset(group) in known.duplicates for group in self.duplicates)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values for JSON, with `as_published`."""
        return vars(self) | {"as_published": self.as_published}

    def words(self) -> list[str]:
        """Return the report as sentences, the verdict first."""
        return _words(self)


def verify_corpus(
    corpus: str,
    folder: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> CorpusReport:
    """Compare a copy with what the corpus should hold; every clip is decoded unless that was done before.

    Parameters
    ----------
    corpus, folder
        As for :func:`ser_core.corpora.read_corpus`.
    jobs, progress, cancelled
        As for :func:`ser_core.corpora.checks.check_files`.

    Raises
    ------
    CorpusError
        If the name is unknown or the folder holds no clip of that corpus.
    CancelledError
        When *cancelled* says yes.
    """
    root = corpus_folder(corpus, folder)
    found, other = find_clips(corpus, root)
    if not found:
        raise CorpusError(nothing_found(corpus, root, other))
    used = {clip: files[0] for clip, files in sorted(found.items())}
    paths = [path for _, path in used.values()]
    results = check_files(corpus, root, paths, jobs=jobs, progress=progress, cancelled=cancelled)
    checks = dict(zip(used, results, strict=True))
    readable = {clip: check for clip, check in checks.items() if not check.problem}
    bad = {clip: check.problem for clip, check in checks.items() if check.problem}
    rate = Counter(check.sample_rate for check in readable.values()).most_common(1)
    common = rate[0][0] if rate else 0
    duplicates = _same_sound(readable)
    emotion = {clip: name.emotion for clip, (name, _) in used.items()}
    songs = {clip for clip, (name, _) in used.items() if name.song}
    misnamed = _misnamed(corpus, used, checks)
    expected = expected_clips(corpus)
    return CorpusReport(
        corpus=corpus,
        folder=str(root),
        clips=len(used),
        expected=len(expected),
        missing=sorted(expected - set(used)),
        extra=sorted([*(set(used) - expected - songs), *(path.stem for path in other)]),
        duplicates=duplicates,
        silent=[clip for clip, check in readable.items() if check.peak < _SILENT_PEAK],
        unreadable=sorted(bad),
        misnamed=sorted(misnamed),
        mislabelled=[group for group in duplicates if len({emotion[clip] for clip in group}) > 1],
        stubs=[clip for clip, problem in bad.items() if problem == STUB],
        wrong_rate=[clip for clip, check in readable.items() if check.sample_rate != common],
        copies=sorted(os.path.relpath(path, root) for files in found.values() for _, path in files[1:]),
        songs=len(songs),
        sample_rate=common,
        notes=bad | misnamed,
    )


def verify_corpora(
    corpora: Iterable[str] | None = None,
    data: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, CorpusReport]:
    """Verify several corpora in the folders `data/<name>`, as :func:`ser_core.corpora.read_corpora` finds them."""
    root, names = named_or_present(corpora, data)
    return {name: verify_corpus(name, root / name, progress=progress, cancelled=cancelled) for name in names}


def _same_sound(checks: dict[str, FileCheck]) -> list[list[str]]:
    """Return groups of clips with the same samples; silence is always the same and no duplicate."""
    groups = defaultdict(list)
    for clip, check in checks.items():
        if check.peak >= _SILENT_PEAK:
            groups[check.digest].append(clip)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _misnamed(corpus: str, used: dict[str, tuple[ClipName, Path]], checks: dict[str, FileCheck]) -> dict[str, str]:
    """Return {name as it lies there: what is wrong with it}."""
    wrong = {}
    for clip, (name, path) in used.items():
        container = checks[clip].container
        reasons = []
        if not _names_clip(corpus, path.stem, clip):
            reasons.append(f"should be named {clip}")
        if container and container not in _CONTAINERS[path.suffix.lower()]:
            reasons.append(f"holds {container.upper()} in a file that ends in {path.suffix}")
        if other := _folder_says(corpus, name, path.parent.name):
            reasons.append(f"lies in a folder for {other}")
        if reasons:
            wrong[path.stem] = f"{path.name} {' and '.join(reasons)}."
    return wrong


def _names_clip(corpus: str, stem: str, clip: str) -> bool:
    stem, clip = stem.lower(), clip.lower()
    if corpus == "savee":  # the speaker may be named by the folder alone
        return stem in (clip, clip.partition("_")[2])
    return stem == clip or (corpus == "ravdess" and stem[2:] == clip[2:])  # 01: the video of the clip


def _folder_says(corpus: str, name: ClipName, folder: str) -> str | None:
    """Return what a folder says of its clips where that is not what the clip's name says."""
    if corpus == "ravdess" and (match := re.fullmatch(r"Actor_(\d\d)", folder, re.IGNORECASE)):
        return f"actor {match[1]}" if match[1] != name.speaker else None
    if corpus == "tess" and (match := re.fullmatch(r"(OAF|YAF)_([a-z]+)(?:_[a-z]+)?", folder, re.IGNORECASE)):
        said = match[2].lower()
        emotion = {"fear": "fearful", "pleasant": "surprised", "ps": "surprised"}.get(said, said)
        return folder if (match[1].upper(), emotion) != (name.speaker, name.emotion) else None
    if corpus == "savee" and folder.upper() in ("DC", "JE", "JK", "KL"):
        return folder if folder.upper() != name.speaker else None
    return None


def _words(report: CorpusReport) -> list[str]:
    facts, known = CORPORA[report.corpus], KNOWN_DEFECTS[report.corpus]
    verdict = "is whole and sound" if report.as_published else "has faults"
    sentences = [f"{facts.title} in {report.folder} {verdict}: {report.clips:,} of {report.expected:,} clips."]

    def say(what: str, clips: Sequence[str], advice: str = "", published: bool = False) -> None:
        if clips:
            note = " This is so in the publisher's own files too." if published else ""
            sentences.append(f"{what}: {_some(clips)}.{f' {advice}' if advice else ''}{note}")

    count = len(report.missing)
    say(f"{count:,} missing", report.missing, f"Get them with: scripts/corpora.py download {report.corpus}.")
    say(f"{len(report.extra):,} not of this corpus", report.extra, "Move them elsewhere.")
    say(
        f"{len(report.stubs):,} only Git-LFS references, not sound",
        report.stubs,
        "Run 'git lfs pull' where they came from, or download the corpus again.",
    )
    damaged = sorted(set(report.unreadable) - set(report.stubs))
    say(f"{len(damaged):,} unreadable", damaged, "Copy or download them again.")
    say(f"{len(report.silent):,} silent", report.silent, published=set(report.silent) <= known.silent)
    for group in report.duplicates:
        labels = ", with different emotions" if group in report.mislabelled else ""
        say(f"The same sound{labels}", group, published=frozenset(group) in known.duplicates)
    for name in report.misnamed:
        say("Misnamed", [report.notes[name].rstrip(".")], published=name in known.misnamed)
    say(
        f"{len(report.wrong_rate):,} with another sample rate than the rest ({report.sample_rate:,} Hz)",
        report.wrong_rate,
        published=set(report.wrong_rate) <= known.wrong_rate,
    )
    say(f"{len(report.copies):,} further files of the same clips, not used", report.copies)
    if report.songs:
        sentences.append(f"{report.songs:,} clips are sung.")
    if report.sample_rate and report.sample_rate != facts.sample_rate:
        sentences.append(
            f"The copy was converted: it has {report.sample_rate:,} Hz, the publisher's files {facts.sample_rate:,} Hz."
        )
    return sentences


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
