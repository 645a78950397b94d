"""GraphiQL for browsers, from this host alone: the page, the cookbook, sources of answers, and its pinned assets.

The page must never ask another host for anything: no font, no script, no analytics.
"""
