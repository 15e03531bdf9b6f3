"""A page of an org's metrics, for people: one HTML file made of its documents, without scripts."""
