"""分配规则: what waits in a pool is given to people by rules, in turn, by load or by what they are good at."""
