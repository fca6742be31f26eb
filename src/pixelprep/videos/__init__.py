"""Videos: where they come from, what is known of them, how they are decoded."""
