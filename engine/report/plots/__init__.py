"""Plots of a report: what they show as data, and drawn as SVG that follows the page's colours."""
