"""The HTTP intake: other bodies hand in mentions, each in its own name, and hear what was taken and what was not."""
