"""What works here and what does not: the checks of `outvoted doctor`, one finding each or more."""

from engine.doctor.finding import Finding, Level

__all__ = ["Finding", "Level"]
