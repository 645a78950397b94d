"""Who is asking, and what they may see: keys, tokens, scopes, limits to sites, pseudonyms, budgets.

Inbound only: credentials towards vendors are `upstream/auth`. Nothing here speaks HTTP or GraphQL.
"""
