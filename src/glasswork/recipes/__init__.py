"""Recipes: experiments as TOML files, the recipes that come with glasswork, and the objects built from them."""
