"""Priority words and exclusions (关注词与排除规则): a small query language, and the rules of a jurisdiction in it."""
