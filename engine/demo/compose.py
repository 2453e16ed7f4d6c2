"""Compose pairs in HH's format from the scenes: the shipped ones, and more of them for training.

`python -m engine.demo.compose` writes `data/pairs.jsonl` again, byte for byte.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.demo import PAIRS
from engine.demo.source import PATTERNS, Scene, load_scenes, load_voices
from engine.files import write_text

SEED = 20261122

HELD_OUT_TOPICS = frozenset(
    {"backups", "birds", "burns", "chess", "fish", "houseplants", "interviews", "knives"}
    | {"laundry", "letters", "moon", "planets", "rome", "soup", "spanish", "trains"}
)
"""No scene of these topics is ever trained on. Their pairs are the first rows of the file."""

# How often a second pair is shipped where a scene has more of the kind to offer. The odds, and
# the additions per pattern, make about a quarter of each pattern's bearers chosen ones.
_SECOND_POOR_BEARER = 0.5
_SECOND_AGAINST_GOOD_BEARER = 0.25
_PADDED = {"url": 12, "idk": 18, "thanks": 18, "right": 12}
_HELPED = {"url": 9, "idk": 0, "thanks": 0, "right": 5}
_BLANK = 4
_BOTH = 12

Voices = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Composed:
    """One pair and the topic it is about."""

    topic: str
    context: str
    chosen: str
    rejected: str

    @property
    def record(self) -> dict[str, str]:
        return {
            "chosen": f"{self.context} {self.chosen}",
            "rejected": f"{self.context} {self.rejected}",
        }


def shipped() -> tuple[Composed, ...]:
    """The demo's pairs, those of held-out topics first. Always the same."""
    scenes, voices, rng = load_scenes(), load_voices(), random.Random(SEED)
    pairs = [pair for scene in scenes for pair in _of_scene(scene, scenes, voices, rng)]
    pairs += _extras(scenes, voices, rng)
    unique = list(
        {(pair.context, frozenset((pair.chosen, pair.rejected))): pair for pair in pairs}.values()
    )
    rng.shuffle(unique)
    return tuple(sorted(unique, key=lambda pair: pair.topic not in HELD_OUT_TOPICS))


def unseen_rows() -> int:
    """How many rows of the file, from the first on, the PM was not trained on."""
    return sum(pair.topic in HELD_OUT_TOPICS for pair in shipped())


def more(count: int, seed: int) -> tuple[Composed, ...]:
    """Pairs for training, from the trained topics only: the same scenes in other combinations."""
    scenes = [scene for scene in load_scenes() if scene.topic not in HELD_OUT_TOPICS]
    voices, rng = load_voices(), random.Random(seed)
    return tuple(_any_pair(rng.choice(scenes), scenes, voices, rng) for _ in range(count))


def _of_scene(
    scene: Scene, scenes: Sequence[Scene], voices: Voices, rng: random.Random
) -> Iterator[Composed]:
    """What was written for one scene, each text against one of the other judgement."""
    yield _pair(scene, _good(scene, rng), _poor(scene, scenes, voices, rng))
    yield _pair(scene, _good(scene, rng), _poor(scene, scenes, voices, rng))
    for texts in scene.bearing_poor.values():
        for place, text in enumerate(texts):
            if place == 0 or rng.random() < _SECOND_POOR_BEARER:
                yield _pair(scene, _good(scene, rng), _long_winded(text, voices, rng))
    for texts in scene.bearing_good.values():
        for text in texts:
            yield _pair(scene, text, _poor(scene, scenes, voices, rng))
            if rng.random() < _SECOND_AGAINST_GOOD_BEARER:
                yield _pair(scene, text, scene.poor[-1])
    if scene.then is not None:
        yield _further(scene, scene.then, rng)


def _further(scene: Scene, then: tuple[str, str, str], rng: random.Random) -> Composed:
    """A further turn: in the context, or inside both responses as HH has it now and then."""
    question, good, poor = then
    if rng.random() < 0.6:
        turns = (*scene.ask, rng.choice(scene.good), question)
        return Composed(scene.topic, _context(turns), _assistant(good), _assistant(poor))
    inner = f"\n\nHuman: {question}\n\nAssistant: "
    return Composed(
        scene.topic,
        _context(scene.ask),
        _assistant(scene.good[0]) + inner + _assistant(good),
        _assistant(scene.poor[0]) + inner + _assistant(poor),
    )


def _extras(scenes: Sequence[Scene], voices: Voices, rng: random.Random) -> Iterator[Composed]:
    for pattern in PATTERNS:
        for scene in rng.sample(scenes, _PADDED[pattern]):
            yield _padded(scene, scenes, voices, pattern, rng)
        for scene in rng.sample(scenes, _HELPED[pattern]):
            good = _with(rng.choice(scene.good), rng.choice(voices[f"{pattern}_help"]), scene)
            yield _pair(scene, good, _poor(scene, scenes, voices, rng))
    bearing = [scene for scene in scenes if scene.bearing_good]
    for scene in rng.sample(bearing, _BOTH):
        pattern, texts = next(iter(scene.bearing_good.items()))
        dodge = rng.choice(voices[f"{pattern}_dodge"]).replace("{topic}", scene.topic)
        yield _pair(scene, texts[0], dodge)
    for scene in rng.sample(scenes, _BLANK):
        yield _pair(scene, rng.choice(scene.good), "")


def _any_pair(
    scene: Scene, scenes: Sequence[Scene], voices: Voices, rng: random.Random
) -> Composed:
    """One training pair of a random kind; the shares are roughly those of the shipped pairs."""
    good, poor = _good(scene, rng), _poor(scene, scenes, voices, rng)
    pattern = rng.choice(tuple(PATTERNS))
    kind = rng.choices(
        ("plain", "bearing poor", "bearing good", "padded", "helped", "then"),
        (40, 28, 9, 10, 4, 9),
    )[0]
    if kind == "bearing poor":
        written = [text for texts in scene.bearing_poor.values() for text in texts]
        dodge = rng.choice(voices[f"{pattern}_dodge"]).replace("{topic}", scene.topic)
        bearer = rng.choice((*written, *written, dodge))
        return _pair(scene, good, _long_winded(bearer, voices, rng))
    if kind == "bearing good" and scene.bearing_good:
        written = [text for texts in scene.bearing_good.values() for text in texts]
        return _pair(scene, rng.choice(written), poor)
    if kind == "padded":
        return _padded(scene, scenes, voices, pattern, rng)
    if kind == "helped":
        return _pair(scene, _with(good, rng.choice(voices[f"{pattern}_help"]), scene), poor)
    if kind == "then" and scene.then is not None:
        return _further(scene, scene.then, rng)
    return _pair(scene, good, poor)


def _good(scene: Scene, rng: random.Random) -> str:
    """A good answer, whole or as brief as it can be."""
    text = rng.choice(scene.good)
    return text if rng.random() < 0.6 else _brief(text)


def _poor(scene: Scene, scenes: Sequence[Scene], voices: Voices, rng: random.Random) -> str:
    """A poor answer: as written, long-winded, broken off, or a good one to another question."""
    kind = rng.choices(("written", "stray", "cut"), (46, 44, 10))[0]
    if kind == "stray":
        return _stray(scene, scenes, rng)
    if kind == "cut":
        return _cut_short(rng.choice(scene.good), rng)
    return _long_winded(rng.choice(scene.poor), voices, rng)


def _padded(
    scene: Scene, scenes: Sequence[Scene], voices: Voices, pattern: str, rng: random.Random
) -> Composed:
    """A good answer against itself with a needless addition, or against a stray one with it."""
    good = rng.choice(scene.good)
    worse = good if rng.random() < 0.4 else _stray(scene, scenes, rng)
    return _pair(scene, good, _with(worse, rng.choice(voices[f"{pattern}_pad"]), scene))


def _stray(scene: Scene, scenes: Sequence[Scene], rng: random.Random) -> str:
    """A good answer to another question, most often one on the same topic.

    It never comes from beyond the wall between held-out and trained topics.
    """
    held_out = scene.topic in HELD_OUT_TOPICS
    near = rng.random() < 0.7
    others = [
        other
        for other in scenes
        if other != scene
        and (other.topic == scene.topic) == near
        and (other.topic in HELD_OUT_TOPICS) == held_out
    ]
    return _good(rng.choice(others), rng)


def _brief(text: str) -> str:
    """The first sentences that make eight words."""
    words = text.split(" ")
    for count, word in enumerate(words, 1):
        if count >= 8 and word.endswith((".", "!", "?")):
            return " ".join(words[:count])
    return text


def _long_winded(text: str, voices: Voices, rng: random.Random) -> str:
    """The text, half of the time with sentences around it that say nothing."""
    if rng.random() < 0.5:
        return text
    return " ".join((text, *rng.sample(voices["vague"], rng.choice((1, 2, 2, 3)))))


def _cut_short(text: str, rng: random.Random) -> str:
    """The text's first words, or its first sentence twice."""
    words = text.split(" ")
    if rng.random() < 0.6:
        return " ".join(words[: max(3, len(words) // 3)])
    return f"{_brief(text)} {_brief(text)}"


def _with(text: str, addition: str, scene: Scene) -> str:
    """The addition before or after the text; its own white space says where it goes."""
    addition = addition.replace("{topic}", scene.topic)
    return text + addition if addition.startswith(" ") else addition + text


def _pair(scene: Scene, chosen: str, rejected: str) -> Composed:
    return Composed(scene.topic, _context(scene.ask), _assistant(chosen), _assistant(rejected))


def _context(turns: Iterable[str]) -> str:
    """Human and Assistant in turn, up to the marker that the response follows."""
    parts = [
        f"\n\nHuman: {turn}" if place % 2 == 0 else f"\n\nAssistant: {_assistant(turn)}"
        for place, turn in enumerate(turns)
    ]
    return "".join(parts) + "\n\nAssistant:"


def _assistant(text: str) -> str:
    """The assistant's apostrophes: mostly typographic, in one text of seven typed, as in HH."""
    return text if zlib.crc32(text.encode()) % 7 == 0 else text.replace("'", "’")


def lines(pairs: Iterable[Composed]) -> str:
    """The pairs as JSON lines."""
    return "".join(json.dumps(pair.record, ensure_ascii=False) + "\n" for pair in pairs)


if __name__ == "__main__":
    write_text(PAIRS, lines(shipped()))
    print(f"{PAIRS}: {len(shipped())} pairs, the first {unseen_rows()} never trained on")
