"""Back ends: what the ports are in the world. Each outside library enters by one door here."""
