"""Whether a domain's mail goes to Enom: what is wanted, what DNS says, the answer."""
