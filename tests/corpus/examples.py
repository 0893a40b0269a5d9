"""Every published line of Heroku that is known to us, and what it means.

Names begin with a number: those of a chapter hold the lines of one subject, 13 the captures that
test suites of other receivers of log drains hold. Lines that were published without their frame, or
with a count that does not fit, say so.
"""

from __future__ import annotations

from typing import Final

from tests.corpus.addons import PGBOUNCER, REDIS
from tests.corpus.api import API
from tests.corpus.api_history import API_HISTORY
from tests.corpus.app_output import APP_OUTPUT
from tests.corpus.dynos import DYNOS
from tests.corpus.errors import ERRORS
from tests.corpus.example import Example
from tests.corpus.framing import FRAMING
from tests.corpus.postgres import POSTGRES
from tests.corpus.postgres_log import POSTGRES_LOG
from tests.corpus.router import ROUTER
from tests.corpus.router_2 import ROUTER_2
from tests.corpus.router_documented import ROUTER_DOCUMENTED
from tests.corpus.router_errors import ROUTER_ERRORS
from tests.corpus.runtime import RUNTIME

EXAMPLES: Final[list[Example]] = [
    *FRAMING,
    *RUNTIME,
    *ROUTER,
    *ROUTER_2,
    *ROUTER_ERRORS,
    *ROUTER_DOCUMENTED,
    *ERRORS,
    *DYNOS,
    *API,
    *API_HISTORY,
    *POSTGRES,
    *POSTGRES_LOG,
    *PGBOUNCER,
    *REDIS,
    *APP_OUTPUT,
]
