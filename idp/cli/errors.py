"""Every failure as one sentence for the terminal, and the status that the process ends with."""

import click
import psycopg
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from idp.errors import IdPError

FAILED = 1
MISUSED = 2
INTERRUPTED = 130


def explain(error: Exception) -> tuple[str, int]:
    """The sentence and the exit status for `error`."""
    if isinstance(error, IdPError):
        return _sentence(error.detail or error.code.replace("-", " ")), FAILED
    if isinstance(error, click.ClickException):
        return _sentence(error.format_message()), error.exit_code
    if isinstance(error, click.Abort):
        return "Stopped; nothing was changed.", INTERRUPTED
    if isinstance(error, ArgumentError | DBAPIError | psycopg.Error | PoolTimeoutError):
        return _of_the_database(error), FAILED
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return _sentence(f"{place}{error.strerror or error}"), FAILED
    return _sentence(f"This is a mistake of ours, `idp --traceback …` shows where: {_first_line(error)}"), FAILED


def _of_the_database(error: Exception) -> str:
    if isinstance(error, ArgumentError):
        return "A database URL reads postgresql://user:password@host/database."
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(error, IntegrityError) or isinstance(cause, psycopg.IntegrityError):
        return "It collides with something that exists, or that somebody made at the same moment."
    if isinstance(cause, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return "The database has not the schema of this version; `idp db upgrade` brings it."
    if isinstance(error, ProgrammingError) or isinstance(cause, psycopg.ProgrammingError):
        return _sentence(f"The database refused: {_first_line(cause)}")
    return _sentence(f"The database cannot be reached: {_first_line(cause)}")


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) or "\n" in text else f"{text}."
