"""What is to be done to a pair: texts replaced, patterns deleted, texts added, features changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.heuristics.edit import delete_spans, insert_text
from engine.heuristics.patience import patient_bearing
from engine.hh import Pair, Side
from engine.live.edit import Edit
from engine.live.features import FeatureChanges


@dataclass(frozen=True, slots=True)
class Change:
    """A recipe that can be applied to any pair, in the order of its fields."""

    response_chosen: str | None = None
    """In place of the stored one."""
    response_rejected: str | None = None
    delete: tuple[Heuristic, ...] = ()
    """Heuristics whose pattern is deleted from the bearer."""
    insert_chosen: str = ""
    """Put at the end of the chosen response, as it is."""
    insert_rejected: str = ""
    features: FeatureChanges = field(default_factory=FeatureChanges)

    @classmethod
    def of(cls, edit: Edit) -> Change:
        """The recipe that gives an edit."""
        return cls(
            response_chosen=edit.response_chosen,
            response_rejected=edit.response_rejected,
            features=FeatureChanges(edit.ablate, edit.scale, edit.pin),
        )

    @property
    def is_none(self) -> bool:
        return self == Change()

    @property
    def has_texts(self) -> bool:
        """Whether it holds a whole response, which belongs to one pair."""
        return self.response_chosen is not None or self.response_rejected is not None

    @property
    def words(self) -> str:
        """`chosen edited · url deleted · 12 ablated`."""
        features = self.features
        parts = [
            "chosen edited" if self.response_chosen is not None else "",
            "rejected edited" if self.response_rejected is not None else "",
            *(f"{heuristic.name} deleted" for heuristic in self.delete),
            f'chosen + "{self.insert_chosen}"' if self.insert_chosen else "",
            f'rejected + "{self.insert_rejected}"' if self.insert_rejected else "",
            f"{','.join(map(str, features.ablate))} ablated" if features.ablate else "",
            *(f"{feature} times {factor:g}" for feature, factor in features.scale.items()),
            *(f"{feature} pinned to {value:g}" for feature, value in features.pin.items()),
        ]
        return " · ".join(filter(None, parts)) or "as it is"

    def edit(self, pair: Pair) -> Edit:
        """What the recipe makes of a pair.

        Raises:
            UserError: a pattern cannot be deleted from it.
        """
        after = replace(
            pair,
            chosen=pair.chosen if self.response_chosen is None else self.response_chosen,
            rejected=pair.rejected if self.response_rejected is None else self.response_rejected,
        )
        if self.delete:
            after = without_patterns(after, self.delete)
        after = with_text(with_text(after, self.insert_chosen), self.insert_rejected, "rejected")
        return replace(
            as_edit(pair, after),
            ablate=self.features.ablate,
            scale=self.features.scale,
            pin=self.features.pin,
        )


def without_patterns(pair: Pair, heuristics: Sequence[Heuristic]) -> Pair:
    """The pair with the patterns of these heuristics deleted from their bearers' responses.

    Each goes as the deletion control takes it out: every span, with the heuristic's `replace`
    text in its place. A pattern on both sides has no bearer, and stays.

    Raises:
        UserError: none of them has a bearer, or one reaches into the context, which no edit
            changes.
    """
    found = False
    for heuristic in heuristics:
        if heuristic.feature is not None:
            if len(heuristics) > 1:  # of all that there are, those with a text are meant
                continue
            raise UserError(
                f'"{heuristic.name}" is a feature and has no text to delete',
                where=str(pair.name),
                todo=f"Ablate it instead: feature {heuristic.feature}.",
            )
        borne = patient_bearing(heuristic, pair)
        if borne is None:
            continue
        found = True
        context = len(pair.context)
        if borne.spans[0][0] < context:
            raise UserError(
                f'the pattern of "{heuristic.name}" begins in the context, which both sides share',
                where=str(pair.name),
                todo="Only responses can be edited.",
            )
        spans = [(start - context, end - context) for start, end in borne.spans]
        text = delete_spans(pair.response(borne.bearer), spans, heuristic.replace)
        pair = (
            replace(pair, chosen=text) if borne.bearer == "chosen" else replace(pair, rejected=text)
        )
    if not found:
        names = ", ".join(f'"{heuristic.name}"' for heuristic in heuristics)
        raise UserError(
            f"no side of it alone carries the pattern of {names}",
            where=str(pair.name),
            todo="There is nothing to delete: `outvoted show` tells what the pair bears.",
        )
    return pair


def with_text(pair: Pair, text: str, side: Side = "chosen") -> Pair:
    """The pair with a text at the end of one of its responses, as it is: no space is added."""
    response = pair.response(side)
    response = insert_text(response, len(response), text)
    return replace(pair, chosen=response) if side == "chosen" else replace(pair, rejected=response)


def as_edit(before: Pair, after: Pair) -> Edit:
    """What turns one pair's responses into another's; no edit where they are the same."""
    return Edit(
        response_chosen=None if after.chosen == before.chosen else after.chosen,
        response_rejected=None if after.rejected == before.rejected else after.rejected,
    )
