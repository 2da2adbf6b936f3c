"""``python -m glasswork`` and the ``glasswork`` command."""

import sys


def main() -> None:
    """Answer ``--version`` at once; hand everything else to the command line."""
    if sys.argv[1:] == ["--version"]:
        from glasswork.version import __version__

        try:
            print(f"glasswork {__version__}", flush=True)
        except OSError as error:
            sys.exit(f"Error: {error}")
        return
    from glasswork.cli import run

    run()


if __name__ == "__main__":
    main()
