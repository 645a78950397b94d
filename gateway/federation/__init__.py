"""Where vendors become one: who is who, what is asked of whom, and how rows of several become one order.

Everything here speaks domain values and ports; no vendor's words, no GraphQL.
"""
