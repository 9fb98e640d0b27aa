"""The HTTP door: predictions, timelines as jobs and streams of sound for programs; `scripts/serve.py` opens it.

app = create_app(ServiceOptions(model="lite"))     # an ASGI application, for uvicorn or a test client
"""

from ser_core.service.app import create_app as create_app
from ser_core.service.options import ServiceOptions as ServiceOptions
from ser_core.service.options import check_origins as check_origins
from ser_core.service.options import read_api_keys as read_api_keys

__all__ = ["ServiceOptions", "check_origins", "create_app", "read_api_keys"]
