"""``python -m crosspt_cli`` is ``crosspt``."""

from crosspt_cli.cli.main import main

if __name__ == "__main__":
    main()
