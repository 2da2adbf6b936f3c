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
    try:
        from glasswork.cli import run
    except Exception as error:  # a library of the command itself is missing or broken
        if sys.argv[1:2] == ["doctor"]:
            from glasswork.doctor import examine

            print(*examine()["problems"], sep="\n")
        sys.exit(f"Error: the command cannot start ({type(error).__name__}: {error}); see: glasswork doctor")
    run()


if __name__ == "__main__":
    main()
