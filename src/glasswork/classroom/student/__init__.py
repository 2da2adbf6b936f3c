"""A student's file: its text, its outline, and what it does when it runs."""
