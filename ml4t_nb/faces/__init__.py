"""Words or clicks in, text or pictures out: the shell, the magics and the library."""
