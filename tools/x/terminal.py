"""The caller's terminal: raw while the machine has it, as it was afterwards."""
import termios


class Terminal:
    def __init__(self):
        self.saved = None

    def make_raw(self):
        """Pass every key on; the machine's own line discipline does the editing and echo."""
        mode = termios.tcgetattr(0)
        if self.saved is None:
            self.saved = [*mode[:6], list(mode[6])]
        mode[0] &= ~(termios.BRKINT | termios.ICRNL | termios.IGNBRK | termios.IGNCR | termios.INLCR | termios.INPCK
                     | termios.ISTRIP | termios.IXON | termios.PARMRK)
        mode[1] &= ~termios.OPOST
        mode[2] = mode[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        mode[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG)
        mode[6][termios.VMIN] = 1
        mode[6][termios.VTIME] = 0
        termios.tcsetattr(0, termios.TCSADRAIN, mode)

    def restore(self):
        if self.saved is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)
            self.saved = None
