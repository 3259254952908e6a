# PYTHON_ARGCOMPLETE_OK
"""``python -m ml4t_nb`` is ``ml4t-data``."""

import sys

from ml4t_nb.cli import main

sys.exit(main())
