"""The flat views for BI tools, and the ready-made dashboard of them."""
