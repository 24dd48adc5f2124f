"""How a description becomes a revision that jobs run: proposals, decisions, history, differences."""
