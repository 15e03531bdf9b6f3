"""Set up a Superset and serve it, in one process: each command of its own takes ten seconds to start.

Run by the Python of `.venv-bi`, with the port and the dashboard's file as arguments.
"""

import sys

from superset.app import create_app  # type: ignore[import-not-found]
from superset.cli.main import superset  # type: ignore[import-not-found]
from werkzeug.serving import run_simple

port, bundle, user = sys.argv[1:]
person = ("--firstname", "A", "--lastname", "B", "--email", "a@example.com", "--password", user)
app = create_app()
runner = app.test_cli_runner()
for command in (
    ("db", "upgrade"),
    ("init",),
    ("fab", "create-admin", "--username", user, *person),
    ("import-dashboards", "--path", bundle, "--username", user),
):
    result = runner.invoke(superset, command)
    if result.exit_code:
        print(result.output, result.exception, file=sys.stderr)
        sys.exit(f"superset {' '.join(command)} failed")
run_simple("127.0.0.1", int(port), app, threaded=True)
