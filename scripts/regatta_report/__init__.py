"""Turns a run's folder into charts and offline pages.

Reads `summary.json` (what the driver concluded) and `samples.jsonl` (what was measured), writes
`charts/*.{svg,png,csv}`, and `report.html` with the pages behind it. The same run gives the same
bytes, whenever and wherever it is plotted with the same matplotlib: nothing here reads a clock, a
locale or a random number.
"""
