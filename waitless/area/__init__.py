"""An area pack: all that is local to one deployment, loaded once, checked strictly.

In: a folder of plain files (`area.toml`, `facilities.toml`, `places.toml`, roads, `feeds/*.toml`
and, if wanted, a file of full postcodes).
Out: an `Area`, or an `AreaFault` that lists every fault with its file, row and field.
"""
