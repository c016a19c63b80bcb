"""How large a cascade of reposts will become, told from its first hours alone."""
