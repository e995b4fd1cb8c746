# real
