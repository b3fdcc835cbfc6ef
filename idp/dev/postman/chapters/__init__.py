"""Chapters of the collection: a module is a chapter or a few, and a chapter is steps."""
