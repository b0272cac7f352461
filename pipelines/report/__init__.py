"""Pages that a reviewer or an on-call engineer reads: one file each, without links."""
