"""What comes beside an image: annotations and label maps."""
