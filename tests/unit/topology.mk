# The machine as a graph: readers, paths, ranking.
