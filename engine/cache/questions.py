"""The views that every question asks of, and the statements that need no putting together."""

from __future__ import annotations

from collections.abc import Mapping

from engine.cache.borne import STANDS
from engine.cache.columns import nulls
from engine.cache.judged import JUDGED
from engine.cache.pair_row import Place

NOTHING_MEASURED = """
CREATE VIEW rewards AS SELECT NULL::BIGINT AS id, NULL::FLOAT AS reward_chosen,
    NULL::FLOAT AS reward_rejected, NULL::FLOAT AS margin, NULL::FLOAT AS margin_sae,
    NULL::FLOAT AS margin_random_error, NULL::INTEGER AS truncated,
    NULL::INTEGER[] AS strongest LIMIT 0;
CREATE VIEW features AS SELECT NULL::BIGINT AS id, NULL::INTEGER AS feature,
    NULL::FLOAT AS activation_chosen, NULL::FLOAT AS activation_rejected,
    NULL::FLOAT AS attribution, NULL::FLOAT AS effect LIMIT 0;
CREATE VIEW by_feature AS SELECT * FROM features;
"""
NOTHING_JUDGED = f"CREATE VIEW judged AS SELECT {nulls(JUDGED)} LIMIT 0"
"""The views of an index without a run."""

MEASURED = """
CREATE VIEW rewards AS SELECT id, reward_chosen, reward_rejected, margin, margin_sae,
    margin_random_error, truncated, strongest, in_sample FROM run.rewards;
CREATE VIEW features AS SELECT id, feature, activation_chosen, activation_rejected, attribution,
    effect FROM run.features;
"""
"""The views of an index whose run is attached as `run`."""

SORTED = """
CREATE VIEW by_feature AS SELECT * FROM run.by_feature;
CREATE VIEW peaks AS SELECT * FROM run.peaks;
"""
"""The views by feature."""

UNSORTED = """
CREATE VIEW by_feature AS SELECT feature, id, activation_chosen, activation_rejected, attribution,
    effect FROM run.features;
CREATE VIEW peaks AS SELECT NULL::INTEGER AS feature, NULL::BIGINT AS id, NULL::TINYINT AS side,
    NULL::INTEGER AS start, NULL::INTEGER AS "end" LIMIT 0;
"""
"""The same of a run that was sealed before it was sorted by feature: slower, and no tokens."""

IS_SORTED = """
SELECT count(*) = 2 FROM duckdb_tables()
WHERE database_name = 'run' AND table_name IN ('by_feature', 'peaks')
"""

ROWS = """
SELECT p.id, p.tranche, p.content_hash,
       r.margin, r.margin_sae, r.strongest,
       b.kind, b.bearer, b.span_start, b.span_end, b.verdict, b.confident, b.outvoted_by,
       b.decisive, b.effect, b.features, coalesce(t.seen, 'unknown')
FROM pairs p
LEFT JOIN rewards r ON r.id = p.id
LEFT JOIN training t ON t.id = p.id
LEFT JOIN borne b ON b.id = p.id AND b.heuristic = ?
WHERE p.id
"""
"""To be gone on with by which pairs: `PairStore.among`."""

TEXTS: Mapping[Place, str] = {
    "context": "SELECT id, context FROM pairs WHERE id",
    "chosen": "SELECT id, chosen FROM pairs WHERE id",
    "rejected": "SELECT id, rejected FROM pairs WHERE id",
}
"""One text each of some pairs: to read a pair's text, thousands beside it are unpacked.
To be gone on with as `ROWS` is."""

REWARDS = """
SELECT reward_chosen, reward_rejected, margin, margin_sae, margin_random_error, truncated
FROM rewards WHERE id = ?
"""

TRUNCATED = """
SELECT count(*), coalesce(max(truncated), 0) FROM rewards
WHERE truncated > 0 AND id IN (SELECT id FROM pairs)
"""

FEATURES_OF = """
SELECT id, feature, activation_chosen, activation_rejected, attribution, effect FROM features
WHERE id IN (SELECT unnest(?::BIGINT[])) ORDER BY id, feature
"""

REWARDS_OF = """
SELECT id, reward_chosen, reward_rejected, margin, margin_sae FROM rewards
WHERE id IN (SELECT unnest(?::BIGINT[]))
"""

RANDOM_ERRORS = """
SELECT id, margin_random_error FROM rewards
WHERE margin_random_error IS NOT NULL AND id IN (SELECT unnest(?::BIGINT[]))
"""

FEATURES = """
SELECT feature, activation_chosen, activation_rejected, attribution, effect FROM features
WHERE id = ? ORDER BY abs(attribution) DESC, feature
"""

CHECKED = """
SELECT attribution, effect FROM features WHERE effect IS NOT NULL ORDER BY id, feature
"""

LIKELIHOOD = """
SELECT log_likelihood_chosen / tokens_chosen, log_likelihood_rejected / tokens_rejected,
       tokens_chosen, tokens_rejected
FROM likelihood WHERE id = ?
"""

SAMPLE = """
SELECT id FROM pairs WHERE id IN (SELECT unnest(?::BIGINT[]))
ORDER BY md5(? || ':' || content_hash), id LIMIT ?
"""
"""Of some ids, those of a reading sample; values: the ids, the seed as text, the size."""

MARGINS = "SELECT id, margin FROM rewards WHERE id IN (SELECT unnest(?::BIGINT[]))"

_JUDGED_ROWS = " ".join(("SELECT", ", ".join(JUDGED), "FROM borne WHERE", STANDS))
JUDGED_ROWS = " ".join((_JUDGED_ROWS, "ORDER BY heuristic, id"))
JUDGED_OF = " ".join((_JUDGED_ROWS, "AND heuristic = ? ORDER BY id"))
BORNE_BY = " ".join(("SELECT", STANDS, ",", ", ".join(JUDGED), "FROM borne WHERE id = ?"))
VERDICTS = "SELECT id, verdict FROM borne WHERE heuristic = ?"
