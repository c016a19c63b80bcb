"""What the ledger (台账) proves: which acts are audited, and the hash chains over them."""
