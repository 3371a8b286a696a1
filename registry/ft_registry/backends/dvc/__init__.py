"""DVC: keeps the bytes of data. Only `tracking` imports it; the rest reads its documented files."""
