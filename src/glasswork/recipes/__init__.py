"""An experiment in words: what a recipe may say, the recipes that come with glasswork, and what is built from one."""
