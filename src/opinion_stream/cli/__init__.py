"""The `opinion-stream` command, one module per group of subcommands."""
