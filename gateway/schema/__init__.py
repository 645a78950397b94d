"""The graph: one file per noun. Resolvers read arguments, ask the catalog through the request, and hand rows on.

No vendor's word, no I/O and no rule of federation stands here.
"""

from gateway.schema import enums as enums  # registered before any type reads them
