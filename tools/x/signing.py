"""Detached OpenPGP signatures, with the key that the caller names or a development key.

ALBIREO_GRUB_SIGNING_KEY, ALBIREO_GRUB_PUBKEY and ALBIREO_GPG_HOME name a key; without them one
is made under build/ when it is first needed. Time stands still in what is signed, so that the
same bytes and the same key give the same signature.
"""
import contextlib
import os
import shutil
import subprocess
import tempfile

from x.common import BUILD, Failure, write_if_changed

DEVELOPMENT_HOME = os.path.join(BUILD, "dev-grub-gpg")
DEVELOPMENT_PUBLIC_KEY = os.path.join(BUILD, "dev-grub.pub")
DEVELOPMENT_KEY = "Albireo Dev GRUB <albireo-dev-grub@example.invalid>"
SIGNING_TIME = "20260101T000000!"
KEY_TIME = "20251231T000000!"


def gpg(home, *args):
    command = ["gpg", "--homedir", home, "--batch", "--yes", "--quiet", "--no-tty", "--pinentry-mode", "loopback",
               "--passphrase", "", *args]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    if result.returncode:
        raise Failure(f"gpg failed: {result.stderr.decode('utf-8', 'replace').strip() or ' '.join(args)}")
    return result.stdout


@contextlib.contextmanager
def short_home(home):
    """`home` under a name short enough for gpg-agent's sockets; its agent ends with the block."""
    with tempfile.TemporaryDirectory(prefix="albireo-gpg-") as folder:
        link = os.path.join(folder, "g")
        os.symlink(home, link)
        try:
            yield link
        finally:
            subprocess.run(["gpgconf", "--homedir", link, "--kill", "all"], capture_output=True, check=False)


def make_development_key():
    fresh = f"{DEVELOPMENT_HOME}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh, mode=0o700)
    with short_home(fresh) as home:
        gpg(home, "--faked-system-time", KEY_TIME, "--quick-generate-key", DEVELOPMENT_KEY, "rsa2048", "sign", "never")
    shutil.rmtree(DEVELOPMENT_HOME, ignore_errors=True)
    os.rename(fresh, DEVELOPMENT_HOME)


class Signer:
    """A key in use; `public_key` is the file that GRUB embeds. Use it in a with statement."""

    def __enter__(self):
        self.home_path = os.environ.get("ALBIREO_GPG_HOME")
        self.key = os.environ.get("ALBIREO_GRUB_SIGNING_KEY", DEVELOPMENT_KEY)
        self.public_key = os.environ.get("ALBIREO_GRUB_PUBKEY")
        if not self.home_path:
            self.home_path = DEVELOPMENT_HOME
            if not os.path.isdir(DEVELOPMENT_HOME):
                make_development_key()
        self.stack = contextlib.ExitStack()
        self.home = self.stack.enter_context(short_home(os.path.abspath(self.home_path)))
        if not self.public_key:
            self.public_key = DEVELOPMENT_PUBLIC_KEY
            write_if_changed(self.public_key, gpg(self.home, "--export", self.key))
        return self

    def __exit__(self, *_):
        self.stack.close()

    def sign(self, path):
        """Returns the detached signature of the file."""
        return gpg(self.home, "--faked-system-time", SIGNING_TIME, "--local-user", self.key, "--detach-sign",
                   "--digest-algo", "SHA256", "--output", "-", path)
