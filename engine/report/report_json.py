"""The report as JSON. Its keys are a contract: more may be added, and none is renamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from engine.cache.records import SEEN
from engine.cache.run_records import Insertion
from engine.canonical import Json
from engine.report.custom import custom_json
from engine.report.margins_json import bounds_json, margins_json, mean_json
from engine.report.method import method_json
from engine.report.report import (
    HeuristicReport,
    KindReport,
    LikelihoodReport,
    Report,
    TrainingReport,
)
from engine.verdict import Interval, Shares, Verdict, verdicts_of


def report_json(report: Report) -> dict[str, Json]:
    """The document that `outvoted report --json` prints."""
    figures, margins = report.figures, report.margins
    return {
        "run": report.run,
        "index": report.index,
        "pm": report.manifest.pm,
        "sae": report.manifest.sae,
        "sae_kind": report.manifest.sae_kind,
        "config": asdict(report.manifest.config),
        "method": method_json(report.manifest.config),
        "pairs": figures.pairs,
        "pairs_in_index": report.pairs,
        "label_suspects": report.suspects,
        "suspects_by_reason": dict(report.suspicions.items()),
        "near_duplicates_looked_for": report.duplicates_looked_for,
        "without_suspects": report.without_suspects,
        "tokens": figures.tokens,
        "contexts_cut": report.contexts_cut,
        "most_tokens_cut": report.most_cut,
        "noise_floor": None if report.manifest.imported else figures.noise_floor,
        "margin_threshold": figures.margin_threshold,
        "fvu": figures.fvu,
        "fvu_after_first": figures.fvu_after_first,
        "reward_recovered": figures.reward_recovered,
        "reward_recovered_random": figures.reward_recovered_random,
        "sign_agreement": figures.sign_agreement,
        "attribution": {
            "pairs": figures.attribution_pairs,
            "features": figures.attribution_features,
            "spearman": figures.attribution_spearman,
            "sign_agreement": figures.attribution_sign_agreement,
            "recall": figures.attribution_recall,
        },
        "integrated_gradients": asdict(figures.integrated) if figures.integrated else None,
        "margins_of": {
            "pairs": margins.pairs,
            "complete": margins.complete,
        },
        "tranches": [margins_json(row) for row in margins.tranches],
        "pooled": margins_json(margins.pooled),
        "training": _training(report.training),
        "likelihood": _likelihood(report.likelihood),
        "heuristics": [_heuristic(made) for made in report.heuristics],
    }


def _training(made: TrainingReport | None) -> Json:
    if made is None:
        return None
    rows: dict[str, Json] = {row.tranche: margins_json(row) for row in made.rows}
    return {
        "told": asdict(made.told),
        **{seen: rows.get(seen) for seen in SEEN},
        "seen_less_unseen": {
            "accuracy": mean_json(made.accuracy),
            "mean_margin": mean_json(made.mean_margin),
        },
    }


def _likelihood(made: LikelihoodReport | None) -> Json:
    """Log-likelihood per token, in nats."""
    if made is None:
        return None
    groups = {
        row.of: {
            "pairs": row.pairs,
            "chosen": mean_json(row.chosen),
            "rejected": mean_json(row.rejected),
        }
        for row in made.rows
    }
    return {**asdict(made.by), "groups": groups}


def _heuristic(made: HeuristicReport) -> Json:
    heuristic = made.heuristic
    told = made.withheld is None
    return {
        "heuristic": heuristic.name,
        "pattern": heuristic.pattern,
        "regex": heuristic.regex,
        "scope": heuristic.scope,
        "fold": heuristic.fold,
        "direction": heuristic.direction,
        "direction_judged": made.direction_judged,
        "chosen_only": made.chosen_only,
        "rejected_only": made.rejected_only,
        "both": made.both,
        "held": made.deletion.held,
        "withheld": made.withheld,
        "about": made.about,
        "features": list(made.features),
        "candidates": [
            [asdict(found) | {"attribution": made.pushes.get(found.feature)} for found in fold]
            for fold in made.folds
        ],
        "jaccard": made.jaccard,
        "in_sample": made.in_sample,
        "pinned": made.pinned,
        "pinned_by": made.pinned_by,
        "vote_threshold": made.vote_threshold,
        "coverage": made.coverage.estimate if made.coverage else None,
        "coverage_interval": bounds_json(made.coverage),
        "coverage_all": made.coverage_all.estimate if made.coverage_all else None,
        "coverage_all_interval": bounds_json(made.coverage_all),
        "deletion_effect": mean_json(made.deletion.effect),
        "deletion_control": mean_json(made.deletion.control),
        "deletion_difference": mean_json(made.deletion.difference),
        "reward_before": mean_json(made.rewards.before if made.rewards else None),
        "reward_after": mean_json(made.rewards.after if made.rewards else None),
        "insertion_effect": _insertion(made.insertion) if made.insertion else None,
        "natural_against_custom": custom_json(made.custom) if made.custom else None,
        "likelihood": {
            row.of: {
                "pairs": row.pairs,
                "bearer": mean_json(row.bearer),
                "other": mean_json(row.other),
            }
            for row in made.likelihood
        },
        "counterexamples": _kind(made.counterexamples, made.differences, told=told),
        "conforming": _kind(made.conforming, None, told=told),
    }


def _insertion(made: Insertion) -> Json:
    return {
        "pairs": made.pairs,
        "mean": made.mean,
        "low": made.low,
        "high": made.high,
        "reward_before": mean_json(made.before),
        "reward_after": mean_json(made.after),
    }


def _kind(
    made: KindReport, differences: Mapping[Verdict, Interval] | None, *, told: bool
) -> dict[str, Json]:
    verdicts = _verdicts(made, made.pooled, told=told)
    if differences is not None:
        for verdict in verdicts_of(made.kind):
            found = differences.get(verdict) if told else None
            verdicts[verdict]["difference"] = mean_json(found)
    for name, values in verdicts.items():
        suspects, count = made.suspects.get(Verdict(name), 0), values["count"]
        values["suspects"] = suspects
        reasons = made.suspicions.get(Verdict(name), {})
        values["suspects_by_reason"] = dict(reasons.items())
        values["share_of_suspects"] = suspects / count if isinstance(count, int) and count else None
    return {
        "pairs": made.pooled.pairs,
        "measured": made.pooled.measured,
        "pm_right": made.pooled.pm_right,
        "verdicts": verdicts,
        "by_tranche": _by(made, made.by_tranche, told=told),
        "by_seen": _by(made, made.by_seen, told=told),
        "by": {str(outvoter): count for outvoter, count in made.outvoted_by.items()},
        "confident": made.confident,
        "sae_miss_at_random": made.random_misses,
        "decisive": made.decisive,
        "absent": [str(verdict) for verdict in made.absent],
    }


def _by(made: KindReport, groups: Mapping[str, Shares], *, told: bool) -> Json:
    return {
        name: {
            "pairs": shares.pairs,
            "measured": shares.measured,
            "pm_right": shares.pm_right,
            "verdicts": _verdicts(made, shares, told=told),
        }
        for name, shares in groups.items()
    }


def _verdicts(made: KindReport, shares: Shares, *, told: bool) -> dict[str, dict[str, Json]]:
    """Counts always; shares only where the PM holds the heuristic and there are pairs."""
    found: dict[str, dict[str, Json]] = {}
    for verdict in verdicts_of(made.kind):
        each = shares.verdicts.get(verdict)
        shown = each if told else None
        found[str(verdict)] = {
            "count": each.count if each else 0,
            "share": shown.share.estimate if shown else None,
            "low": shown.share.low if shown else None,
            "high": shown.share.high if shown else None,
            "share_of_pm_right": shown.share_of_pm_right if shown else None,
            "share_of_pm_right_interval": bounds_json(shown.of_pm_right) if shown else None,
        }
    return found
