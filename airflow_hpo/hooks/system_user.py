"""System user and host of a process, from the operating system: no variable of the environment can change them."""

import os
import pwd
import socket


def system_user() -> str:
    """Return ``user@host``; the number of a user that has no name, as in some containers."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
