"""A whole installation on one machine: private PostgreSQL and Valkey from wheels, and what runs beside them.

Owns the embedded servers, the supervision of processes and the file that tells other commands where they are.
Listens on Unix sockets only, needs no root, and drops privileges where it has them. Nothing but `idp.cli` and
the tests import it.
"""
