"""Publishing approved responses (公开发布): which goes out first, what is tried again, and how it reads."""
