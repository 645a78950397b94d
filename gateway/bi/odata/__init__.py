"""The tables as an OData 4.0 feed, read-only. What is not supported is refused, never answered wrongly."""
