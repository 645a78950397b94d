"""Watches every test run for what must never be told: no person and no credential in a log line, a span or a metric.

what is looked for   patterns.py
where it is caught   taps.py, and child/sitecustomize.py for processes that tests start
when a test fails    plugin.py
"""
