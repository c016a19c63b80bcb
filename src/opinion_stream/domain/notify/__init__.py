"""Notifications to duty posts (通知): what is told to whom at once, what waits for a digest, what is tried again."""
