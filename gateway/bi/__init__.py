"""The facts of the graph as flat tables, for people who will never write GraphQL (contract/bi.md).

Same rights, same vendors' answers, same errors. Nothing here may serve a row the graph would not serve its caller.
"""
