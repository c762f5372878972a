"""`python -m dashboard`: the engine without a browser."""

import sys

if __name__ == "__main__":
    try:
        from dashboard.cli import main  # imports torch, which takes seconds: Ctrl-C may come here too

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
