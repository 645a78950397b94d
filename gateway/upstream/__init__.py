"""Any vendor over HTTP: one pipeline outward, the same for all. What a vendor says stands in its own folder."""
