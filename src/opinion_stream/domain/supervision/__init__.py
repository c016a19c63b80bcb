"""Supervision figures (督查考核): how well each unit answered in a period, and the bulletin (通报) made of them."""
