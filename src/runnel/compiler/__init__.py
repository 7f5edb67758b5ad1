"""The compiler: a pipeline document becomes findings, or a plan of segments with every schema known."""
