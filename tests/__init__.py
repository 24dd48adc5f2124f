"""The tests: unit, contract, web, e2e, docs. STYLE: a test's name is a sentence about behaviour."""
