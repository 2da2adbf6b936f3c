"""What is right and what is wrong in a file, and what the mistake is called."""
