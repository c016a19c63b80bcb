"""`python -m opinion_stream`: the same as the `opinion-stream` command."""

from opinion_stream.cli.main import main

main()
