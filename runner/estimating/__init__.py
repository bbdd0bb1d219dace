"""What a sweep will take, before it is run: measured on small relatives of it on this machine."""
