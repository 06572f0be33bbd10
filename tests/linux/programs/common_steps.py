"""The steps of a script in Python: functions that are run in the order in which they are written.

Each is told by its name, with what it prints and the exception that it ends with."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.stdout.reconfigure(line_buffering=True)
STEPS = []


def step(function):
    """Have @function run by run_steps()."""
    STEPS.append(function)
    return function


def told(error):
    """An exception without what differs between runs."""
    if isinstance(error, OSError) and error.errno:
        return f"{type(error).__name__} {error.strerror}"
    return f"{type(error).__name__}: {error}"


def attempt(function, *arguments, **named):
    """Print what a call gives, or the exception."""
    try:
        print("gives", function(*arguments, **named))
    except Exception as error:  # pylint: disable=broad-except
        print("fails", told(error))


def run_steps():
    """Run all of them in a fresh folder below /tmp."""
    os.umask(0o022)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chdir(folder)
        for function in STEPS:
            print("$", function.__name__.replace("_", " "))
            try:
                function()
            except Exception as error:  # pylint: disable=broad-except
                print("ends with", told(error))
        os.chdir("/")
