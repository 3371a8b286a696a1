"""DVC: keeps the bytes of data. They are read from its documented files, not by its code."""
