"""Dead letters (死信): why records are refused, what becomes of them, and how one is looked at without being read."""
