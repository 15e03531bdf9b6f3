"""The HTTP endpoint that answers with the documents of the published warehouse."""
