"""The ledger (台账): every event of the road in SQL, for the desk, the reports and the figures."""
