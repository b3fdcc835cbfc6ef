"""The background process: what must leave the system, and what is due by the clock.

Owns no rule of the domain: it claims, calls one verb for each piece of work, and writes down how it ended.  Any number
of workers may run side by side.
"""
