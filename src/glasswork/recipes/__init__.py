"""Recipes: experiments as TOML files, those that come with glasswork, and the objects built from them."""
