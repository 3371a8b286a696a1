"""``python -m ft_registry_cli``: the command line, where its script is not on the path."""

from ft_registry_cli.main import main

if __name__ == "__main__":
    main()
