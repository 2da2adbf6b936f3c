"""Networks of glasswork as other libraries run them."""
