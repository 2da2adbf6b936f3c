"""A class: many files checked, and one page, table or file for each student made of the reports."""
