"""``idp worker``: sends what must leave, rotates keys, purges what is over."""

import click

from idp import log
from idp.cli import output
from idp.cli.connect import current
from idp.cli.options import program
from idp.worker import loop


@program("worker")
@click.option("--once", is_flag=True, help="Do all that is due now, then end.")
def worker(once: bool) -> None:
    """Work until told to stop."""
    wiring = current().wiring
    log.configure(current().settings.log_level)
    loop.run(wiring, once=once)
    if once:
        output.done({"done": True}, "All that was due is done.")
