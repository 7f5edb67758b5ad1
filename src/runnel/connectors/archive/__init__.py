"""What was kept, and then what comes: an archive and a live source as one."""
