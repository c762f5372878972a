"""One network is built at a time in this process: the libraries patch torch itself while they build one."""

import threading

BUILDING = threading.RLock()  # hold it while building a network, also one that no library builds
