"""What a PM holds against responses, or for them, beyond the labels: found, not told."""

from engine.discovery.records import Deleted, Discovered, Discovery, Pushed, What

__all__ = ["Deleted", "Discovered", "Discovery", "Pushed", "What"]
