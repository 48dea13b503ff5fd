"""Parts of the country benchmark: what is asked, the process that ingests, one that answers."""

AREA = "country"
