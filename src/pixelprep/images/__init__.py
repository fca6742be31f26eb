"""Images in: sources, decoding, colours."""
