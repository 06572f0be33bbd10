"""The parts of ./x. `x exec` starts a machine in a fraction of a second, so each
command imports only what it uses, and only when it runs."""
