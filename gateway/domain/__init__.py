"""The facts of physical retail as plain values, and the ports through which vendors supply them.

Nothing here does I/O, knows a vendor's words, or knows GraphQL.
"""
