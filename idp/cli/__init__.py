"""The terminal: one noun a file, one verb a function, each a thin translation to one service.

Owns words, columns and exit statuses; decides nothing.  The contract of the commands is design.md §3.
"""
