"""``python -m bench``, and the command ``bench``."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C at any moment, loading included, ends with code 130."""
    try:
        from bench.cli import invoke

        code = invoke()
    except KeyboardInterrupt:
        code = 130
        sys.stderr.write("stopped\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
