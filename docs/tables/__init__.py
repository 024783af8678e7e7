"""The tables of docs/reference.md, made from the source by `scripts/docs-tables`: one module for each kind of table,
with functions that return Markdown."""
