"""What a filter may speak of: figures, names and texts, and what must be there to know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.filters.error import Candidate
from engine.verdict.verdict import Verdict

Needs = Literal["pair", "run", "heuristic", "triage"]
"""What a test is answered from: the pair alone, a run, a run's verdict, or a user's marks."""


@dataclass(frozen=True, slots=True)
class Field:
    """One word a filter may begin a test with."""

    name: str
    meaning: str
    needs: Needs
    values: tuple[Candidate, ...] = ()
    """A name's values, where they are the same for every index."""

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.name, self.meaning)


_VERDICTS = (
    Candidate(Verdict.TIE.value, "the PM does not tell the sides apart"),
    Candidate(Verdict.PM_WRONG.value, "the PM prefers the rejected side"),
    Candidate(Verdict.SAE_MISS.value, "the SAE cannot reconstruct the prediction"),
    Candidate(Verdict.NO_FEATURE.value, "no feature stands for the pattern"),
    Candidate(Verdict.OUTVOTED.value, "the features vote as predicted, wrongly, and the rest wins"),
    Candidate(Verdict.FOLLOWED.value, "the features vote as predicted, rightly"),
    Candidate(Verdict.CONTRARY.value, "the features vote against the prediction"),
    Candidate(Verdict.SILENT.value, "the features hardly fire"),
    Candidate(Verdict.INERT.value, "the features fire, and the reward ignores them"),
    Candidate(Verdict.UNMEASURED.value, "no run judged the pair"),
)
_SIDES = (Candidate("chosen", "the chosen side"), Candidate("rejected", "the rejected side"))
_NONE = "none"
_YES_NO = (Candidate("yes", "it is"), Candidate("no", "it is not"))


def _fields(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


FIGURES = _fields(
    Field("row", "the pair's place in its split, from 0", "pair"),
    Field("margin", "reward of chosen less reward of rejected", "run"),
    Field("margin_sae", "the margin with the SAE's reconstruction", "run"),
    Field("gap", "how far the reconstructed margin is from the margin", "run"),
    Field("reward_chosen", "the PM's reward of the chosen side", "run"),
    Field("reward_rejected", "the PM's reward of the rejected side", "run"),
    Field("vote", "above 0: the features vote as the heuristic predicts", "heuristic"),
    Field("effect", "the heuristic features' effect on the margin", "heuristic"),
    Field("effect_all", "the effect of all features at the pattern", "heuristic"),
    Field("activation", "how strongly the features fire on the pattern", "heuristic"),
    Field("deletion_effect", "the bearer's reward less that without the pattern", "heuristic"),
    Field("distance", "to the runner-up's threshold, in units of it", "heuristic"),
)
"""Numbers, by name. A list can be sorted by any of them."""

NAMES = _fields(
    Field("verdict", "the verdict on the pair", "heuristic", _VERDICTS),
    Field(
        "runner_up",
        "the verdict beyond the nearest threshold",
        "heuristic",
        (*_VERDICTS[:-1], Candidate(_NONE, "there is none")),
    ),
    Field(
        "kind",
        "whether the label agrees with the heuristic",
        "heuristic",
        (
            Candidate("counterexample", "the label disagrees with the heuristic"),
            Candidate("conforming", "the label agrees with it"),
        ),
    ),
    Field("bearer", "which side carries the pattern", "heuristic", _SIDES),
    Field(
        "by",
        "what outvotes the heuristic's features",
        "heuristic",
        (
            Candidate("features", "the other features"),
            Candidate("error", "the SAE's error"),
            Candidate(_NONE, "it is not outvoted"),
        ),
    ),
    Field(
        "decisive",
        "whether deleting the pattern turns the margin round",
        "heuristic",
        (*_YES_NO, Candidate("unknown", "it was not measured")),
    ),
    Field("heuristic", "a heuristic whose pattern one side carries", "heuristic"),
    Field("tranche", "the part of the data set", "pair"),
    Field("source", "the file or data set the pair comes from", "pair"),
    Field("split", "train or test, as the source says", "pair"),
    Field("label-suspect", "whether the label may be wrong", "run", _YES_NO),
    Field(
        "suspect",
        "why the label may be wrong",
        "run",
        (
            Candidate("identical", "both sides are the same text"),
            Candidate("tied", "the PM gives both sides one reward"),
            Candidate("contradicted", "the same pair, or nearly, has the opposite label elsewhere"),
            Candidate("near-duplicate", "it repeats an earlier pair, label and all"),
            Candidate("called-wrong", "several PMs call the label wrong with confidence"),
            Candidate(_NONE, "it is not suspect"),
        ),
    ),
    Field(
        "seen",
        "whether the PM was trained on the pair, as it was told",
        "run",
        (
            Candidate("seen", "it was"),
            Candidate("unseen", "it was not"),
            Candidate("unknown", "nothing was told of it"),
        ),
    ),
    Field("mark", "your triage mark", "triage"),
)
"""Words, by name. Those without values take theirs from the index."""

TEXTS = _fields(
    Field("text", "either transcript, context and all", "pair"),
    Field("context", "the shared context", "pair"),
    Field("chosen", "the chosen response", "pair"),
    Field("rejected", "the rejected response", "pair"),
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one index. Where there are none of a kind, any word is taken."""

    tranches: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    heuristics: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    features: tuple[tuple[int, str], ...] = ()
    """Numbers worth offering, and of which heuristic they are: offered, never required."""

    def values(self, name: Field) -> tuple[Candidate, ...]:
        """What the name may be equal to; empty: any word."""
        found = {
            "tranche": self.tranches,
            "source": self.sources,
            "split": self.splits,
            "heuristic": self.heuristics,
            "mark": self.marks,
        }.get(name.name, ())
        words = tuple(Candidate(word, "") for word in found)
        if name.name == "mark" and words:
            words += (Candidate(_NONE, "not marked"),)
        return name.values or words
