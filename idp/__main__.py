"""``idp``, and ``python -m idp``: load the program, and run it."""

import gc


def main() -> None:
    """Entry point of the program.

    What is loaded is never garbage.  The collector that walks through it all the same, again and again while it grows
    and once more at the end, takes half of the time of a short verb.
    """
    gc.disable()
    from idp.cli.main import main as run  # noqa: PLC0415 - that is what takes the time

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
