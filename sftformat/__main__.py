"""Run the command line with `python -m sftformat`."""

from sftformat.cli import main

if __name__ == "__main__":
    main()
