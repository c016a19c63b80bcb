"""Incidents: mentions of one matter grouped in one pass, graded, with trend. `IncidentBook` is the way in."""
