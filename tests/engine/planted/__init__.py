"""Planted truth: PMs built by hand and pairs whose verdicts are known before anything is measured.

Nothing here but `world` imports the measurement: what is right is said by construction
(`recipes`, `pairs`) and worked out in plain numpy (`network`, `dictionary`, `figures`).
"""
