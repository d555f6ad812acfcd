"""The rules: one cause a file, found by folder, judged in the order of their ranks.

A module ``aggregator/core/rules/CAUSE.py`` has a ``RANK`` (lower is asked first) and
``judge(case)``, which returns a verdict of the cause that the file is named after, None when the
case is not its own, or ``Wait`` when that can't be told yet. A rule looks at facts only: what it
needs to know is in the case (``aggregator/core/cases.py``).
"""
