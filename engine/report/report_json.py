"""The report as JSON. Its keys are a contract (design, section 7); more may be added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from engine.canonical import Json
from engine.report.report import HeuristicReport, KindReport, MarginsRow, Report
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
        "pairs": figures.pairs,
        "pairs_in_index": report.pairs,
        "tokens": figures.tokens,
        "noise_floor": figures.noise_floor,
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
        "margins_of": {
            "pairs": margins.pairs,
            "complete": margins.complete,
        },
        "tranches": [_tranche(row) for row in (*margins.tranches, margins.pooled)],
        "heuristics": [_heuristic(made) for made in report.heuristics],
    }


def _tranche(row: MarginsRow) -> Json:
    made = row.calibration
    return {
        "tranche": row.tranche,
        "pooled": row.pooled,
        "pairs": made.pairs if made else 0,
        "pairs_in_index": row.in_index,
        "mean_margin": made.mean_margin if made else None,
        "accuracy": made.accuracy if made else None,
        "nll": made.nll if made else None,
        "brier": made.brier if made else None,
        "ece": made.ece if made else None,
        "temperature": made.temperature if made else None,
        "at_temperature": asdict(row.at_temperature) if row.at_temperature else None,
    }


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
        "candidates": [[asdict(found) for found in fold] for fold in made.folds],
        "jaccard": made.jaccard,
        "in_sample": made.in_sample,
        "pinned": made.pinned,
        "vote_threshold": made.vote_threshold,
        "coverage": made.coverage.estimate if made.coverage else None,
        "coverage_interval": _bounds(made.coverage),
        "coverage_all": made.coverage_all.estimate if made.coverage_all else None,
        "coverage_all_interval": _bounds(made.coverage_all),
        "deletion_effect": _mean(made.deletion.effect),
        "deletion_control": _mean(made.deletion.control),
        "deletion_difference": _mean(made.deletion.difference),
        "counterexamples": _kind(made.counterexamples, made.differences, told=told),
        "conforming": _kind(made.conforming, None, told=told),
    }


def _kind(
    made: KindReport, differences: Mapping[Verdict, Interval] | None, *, told: bool
) -> dict[str, Json]:
    verdicts = _verdicts(made, made.pooled, told=told)
    if differences is not None:
        for verdict in verdicts_of(made.kind):
            found = differences.get(verdict) if told else None
            verdicts[verdict]["difference"] = _mean(found)
    return {
        "pairs": made.pooled.pairs,
        "pm_right": made.pooled.pm_right,
        "verdicts": verdicts,
        "by_tranche": {
            tranche: {
                "pairs": shares.pairs,
                "pm_right": shares.pm_right,
                "verdicts": _verdicts(made, shares, told=told),
            }
            for tranche, shares in made.by_tranche.items()
        },
        "by": {str(outvoter): count for outvoter, count in made.outvoted_by.items()},
        "confident": made.confident,
        "decisive": made.decisive,
        "absent": [str(verdict) for verdict in made.absent],
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
        }
    return found


def _mean(interval: Interval | None) -> Json:
    if interval is None:
        return None
    return {"mean": interval.estimate, "low": interval.low, "high": interval.high}


def _bounds(interval: Interval | None) -> Json:
    return None if interval is None else {"low": interval.low, "high": interval.high}
