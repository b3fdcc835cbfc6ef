"""``idp doctor``, a question a function.

A check gets a `Patient` and answers what is well, or raises `Ill` or `Doubtful` with what is to be done.
"""
