"""Asking each vendor once: port wrappers that know time, two levels of memory, single flights and shared quotas.

Everything above sees the same domain ports as without it. Nothing in here may make an answer wrong, or fail it because
a store is down.
"""
