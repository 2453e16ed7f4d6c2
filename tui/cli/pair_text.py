"""One pair as text for people: `show` and `rescore` print it."""

from __future__ import annotations

from engine.cache.on_pair import opposers
from engine.cache.pair_records import HeuristicOnPair, PairDetail
from engine.hh import SIDES, Side, turns
from engine.plain import plain
from engine.verdict import Verdict
from tui.cli.options import print_table
from tui.screens.reasons import runner_up, why
from tui.widgets.figures import signed

STRONGEST = 10
"""How many features are printed; `--json` has them all."""


def print_pair(detail: PairDetail) -> None:
    """Name, rewards, verdicts, texts and features; nothing in it reaches the terminal raw."""
    pair = detail.pair
    _say(f"{pair.name} · {pair.tranche} · {f'run {detail.run}' if detail.run else 'no run'}")
    _say(rewards_line(detail))
    if detail.mark is not None:
        _say(f"mark {detail.mark}")
    if detail.note:
        _say(f"note: {detail.note}")
    if (usual := detail.likelihood) is not None:
        _say(
            f"log-likelihood per token ({usual.lm})  chosen {signed(usual.chosen)}"
            f"  rejected {signed(usual.rejected)}"
        )
    if detail.seen != "unknown":
        _say(f"{detail.seen} in the PM's training")
    for remark in detail.remarks:
        _say(remark)
    for on in detail.heuristics:
        print()
        _print_heuristic(on, detail)
    print()
    _print_text("context, its last turn", _last_turn(pair.context))
    for side in SIDES:
        _print_text(side, marked(pair.response(side), _spans(detail, side)))
    if detail.features:
        print()
        _print_features(detail)


def rewards_line(detail: PairDetail) -> str:
    """Rewards and margins in one line."""
    return (
        f"reward chosen {signed(detail.reward_chosen)}"
        f"  rejected {signed(detail.reward_rejected)}"
        f"  margin {signed(detail.margin)}  reconstructed {signed(detail.margin_sae)}"
    )


def marked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with every span in «»; where spans overlap they are one."""
    pieces: list[str] = []
    done = 0
    for start, end in _united(spans):
        pieces += [text[done:start], "«", text[start:end], "»"]
        done = end
    return "".join([*pieces, text[done:]])


def _united(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > 0:
            found.append((max(start, 0), end))  # one may begin in the context
    return found


def _spans(detail: PairDetail, side: Side) -> list[tuple[int, int]]:
    return [span for on in detail.heuristics if on.bearer == side for span in on.spans]


def _print_heuristic(on: HeuristicOnPair, detail: PairDetail) -> None:
    judged = on.judgement
    by = f" by {judged.by}" if judged.by else ""
    _say(
        f"{on.heuristic.name} ({on.heuristic.shown}): {judged.verdict.value}{by}"
        f" · {on.kind}, {on.bearer} bears it"
    )
    _say(f"  {why(on, detail)}")
    if judged.verdict is Verdict.SAE_MISS and detail.margin_random_error is not None:
        _say(f"  with a random error of equal norm {signed(detail.margin_random_error)}")
    decisive = {None: "", True: "decisive", False: "not decisive"}[on.decisive]
    rest = [runner_up(on), decisive, "in-sample" if on.in_sample else ""]
    if any(rest):
        _say(f"  {' · '.join(filter(None, rest))}")
    if on.thresholds is None:
        return
    _say(
        f"  effect {signed(on.effect)} (all features {signed(on.effect_all)},"
        f" a random group {signed(on.random_effect)})"
        f"  deletion {signed(on.deletion_effect)} (random span {signed(on.control_effect)})"
    )
    if on.effect_over_response is not None:
        _say(f"  effect over the responses {signed(on.effect_over_response)}")
    pinned = ", your pins" if on.pinned else ""
    _say(f"  features {', '.join(map(str, on.features)) or 'none'}{pinned}")
    if against := opposers(on, detail):
        told = ", ".join(f"{made.feature} ({signed(made.attribution)})" for made in against)
        _say(f"  opposers {told}: the others that push toward chosen, by attribution")


def _last_turn(context: str) -> str:
    """What the human said last, its marker included."""
    human = [turn.marker for turn in turns(context) if turn.role == "human"]
    return context[human[-1] :] if human else context


def _print_text(title: str, text: str) -> None:
    _say(f"{title}:")
    for line in plain(text.strip("\n")).split("\n"):
        print(f"  {line}")


def _print_features(detail: PairDetail) -> None:
    ours = {feature for on in detail.heuristics for feature in on.features}
    rows = [["feature", "label", "chosen", "rejected", "attribution", "effect"]]
    rows += [
        [
            f"{made.feature}{' *' if made.feature in ours else ''}",
            made.label or "",
            f"{made.activation_chosen:.3f}",
            f"{made.activation_rejected:.3f}",
            signed(made.attribution),
            signed(made.effect),
        ]
        for made in detail.features[:STRONGEST]
    ]
    print_table(rows, left=2)
    more = len(detail.features) - STRONGEST
    rest = f"; {more} more are in --json" if more > 0 else ""
    _say(f"strongest features by attribution, * of a heuristic{rest}")


def _say(line: str) -> None:
    print(plain(line, keep_newlines=False))
