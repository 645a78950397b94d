"""What the process tells about itself: log lines, metrics, traces.

No value of a caller or a vendor may pass through here: names that the code or the operator chose, codes, counts, times.
"""

from gateway.telemetry.logs import configure as configure
from gateway.telemetry.watch import Telemetry as Telemetry
