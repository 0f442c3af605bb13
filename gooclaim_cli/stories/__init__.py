"""Scenarios: events in sequence, with delays and expectations, from YAML files.

`scenario` holds the values; `grammar` says what a file is made of, `nodes`, `values` and `reading`
make a scenario of it, `checking` follows its names, `schema` tells editors of it. `planning` puts
the steps in the order of arrival, `telling` makes their events, `judging` compares answers with
what was expected. All of these are pure. `library` finds files, `playing` plays a story to a
handler.
"""
