"""Dashboards of Grafana: one module for each, what they share, and what writes them down.

`promql` makes queries of the catalogue's metrics, `panels` makes panels of queries, `board` puts
panels into a dashboard. ``grafana/build.py`` renders all of them.
"""
