"""Many events at a handler, as on a busy day: what is sent when, how long answers take, and
whether they are right.

A pure core (`shares`, `mix`, `plan`, `histogram`, `judging`, `tally`) and one edge (`running`,
with `pacing`).
"""
