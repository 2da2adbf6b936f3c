"""The report: a trained network in one HTML file that draws, computes and explains, without a server.

run folder ──gather──► ReportData ──render──► report.html      template + style + our modules + the data, all inline
"""

from glasswork.report.gather import gather, gather_folder
from glasswork.report.page import render, write_report

__all__ = ["gather", "gather_folder", "render", "write_report"]
