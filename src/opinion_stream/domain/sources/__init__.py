"""Health of sources (来源健康): what was missed, what is usual for a source, how it stands, and in what words."""
