"""How many connections this process may have open at once: each request in flight is one."""

import sys

MOST = 8192  # more are no use: one process asks less than a thousand requests a second
OTHERS = 128  # files and connections that are no requests
UNKNOWN = 512  # where the system does not say


def most_open() -> int:
    """Connections that may be open at once. The limit of open files is raised for it as far as the user may do that."""
    if sys.platform == "win32":
        return UNKNOWN
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + OTHERS if hard == resource.RLIM_INFINITY else min(hard, MOST + OTHERS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):  # the system has a lower limit of its own
            pass
    return MOST if soft == resource.RLIM_INFINITY else max(1, min(MOST, soft - OTHERS))
