"""研判专报: sentences kept from mentions, and the brief made of them, the incident and the playbooks."""
